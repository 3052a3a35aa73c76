/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.node;

/**
 * A module that works on every member, whether its nouns are used there or not. Found through
 * {@link java.util.ServiceLoader} when a member joins, and started before the member serves: a
 * memo's home, for example, need not know its function.
 */
public interface Feature {
  /** What features build on, the lowest first. */
  enum Layer {
    /** Leases and memos: all users' code may call them. */
    BASE,

    /** Queues, whose handlers may call the former. */
    QUEUES,

    /** Tasks of daemons, jobs and pipelines, which may call all the others. */
    TASKS
  }

  Layer layer();

  /** Called after those of lower layers. */
  void start(Node node);

  /**
   * Releases every waiter and ends what users' code runs here. Called once, before the member
   * leaves and before those of lower layers; caches can still be used, so that what a task does
   * last is done.
   */
  void stop();
}
