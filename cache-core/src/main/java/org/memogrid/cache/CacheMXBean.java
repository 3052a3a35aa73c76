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
}
