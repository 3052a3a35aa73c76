/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import java.util.List;

/**
 * A cache of a member, in JMX, from its first opening until the member leaves. The counts are those
 * of {@link CacheStats}. Reading it sends no message.
 */
public interface CacheMXBean {
  String getMode();

  /** What it was opened with, as {@link CacheOptions#toString} shows it. */
  String getOptions();

  /** False once it was destroyed. */
  boolean isOpen();

  long getHits();

  long getMisses();

  long getPuts();

  long getRemovals();

  long getEvictions();

  long getExpirations();

  /** The names that {@link Cache#missing()} has. */
  List<String> getMissing();

  /** Does what {@link Cache#goOnWithoutMissing()} does. */
  void goOnWithoutMissing();

  /**
   * What {@link Transactions#inDoubt} has of this cache, one a line: its id, which member prepared
   * it, when, and which keys it holds.
   */
  List<String> getInDoubt();

  /**
   * Does what {@link InDoubtTransaction#commit} does.
   *
   * @param id as {@link #getInDoubt} shows it
   * @throws IllegalArgumentException if none of that id is in doubt
   */
  void commitInDoubt(String id);

  /** Does what {@link InDoubtTransaction#rollback} does; else as {@link #commitInDoubt}. */
  void rollbackInDoubt(String id);
}
