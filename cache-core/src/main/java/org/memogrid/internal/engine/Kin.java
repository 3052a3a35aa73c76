/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Those who have tables together with this one, and who of others was not heard of lately: who did
 * not answer for one table is not waited for at the next, since the tables of one cluster are all
 * on all of its members. Thread-safe.
 */
final class Kin {
  private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final Predicate<String> members;
  private final Map<String, Long> silent = new ConcurrentHashMap<>();

  /**
   * @param members whether that is one of them, at this moment
   */
  Kin(Predicate<String> members) {
    this.members = members;
  }

  boolean has(String member) {
    return members.test(member);
  }

  void silent(String member) {
    silent.put(member, System.nanoTime());
  }

  boolean isSilent(String member) {
    Long since = silent.get(member);
    return since != null && System.nanoTime() - since < SILENCE_NANOS;
  }
}
