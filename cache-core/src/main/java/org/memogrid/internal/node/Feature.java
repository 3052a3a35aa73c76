/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.node;

/**
 * A module that works on every member, whether its nouns are used there or not. Found through
 * {@link java.util.ServiceLoader} when a member joins, and started before the member serves: a
 * memo's home, for example, need not know its function.
 */
public interface Feature {
  void start(Node node);

  /** Releases every waiter. Called once, before the member leaves. */
  void stop();
}
