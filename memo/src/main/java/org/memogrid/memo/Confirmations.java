/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * The invalidations that callers on this member asked for and nobody has confirmed yet.
 *
 * <p>Invariant: each is asked for in every configuration until it is confirmed in one, and its
 * caller hears of it once.
 */
final class Confirmations {
  private final MemoCore core;
  private final Map<Long, Awaited> awaited = new LinkedHashMap<>();
  private long count;

  private record Awaited(@Nullable Object key, Object caller) {}

  Confirmations(MemoCore core) {
    this.core = core;
  }

  /**
   * @param key null for all keys
   */
  void await(@Nullable Object key, Object caller) {
    long number = ++count;
    Awaited next = new Awaited(key, caller);
    awaited.put(number, next);
    ask(number, next);
  }

  void installed() {
    awaited.forEach(this::ask);
  }

  /** Before the first configuration there is nobody to ask. */
  private void ask(long number, Awaited invalidation) {
    if (!core.hasConfiguration()) {
      return;
    }
    Configuration now = core.configuration();
    Object key = invalidation.key;
    if (key == null) {
      core.send(now.coordinator(), new Message.InvalidateAll(number));
    } else {
      core.send(now.home(key), new Message.Invalidate(key, number));
    }
  }

  /**
   * @param failure null, or why old values may still be there
   */
  void onAnswer(long number, @Nullable Object failure) {
    Awaited invalidation = awaited.remove(number);
    if (invalidation != null) {
      core.emit(new Effect.Invalidated(invalidation.caller, failure));
    }
  }

  /** Fails those that were asked of a member that will never answer. */
  void failAt(Member asked, Object failure) {
    Configuration now = core.configuration();
    for (long number : List.copyOf(awaited.keySet())) {
      Awaited each = awaited.get(number);
      if (each != null && asked.equals(each.key == null ? now.coordinator() : now.home(each.key))) {
        onAnswer(number, failure);
      }
    }
  }

  void shutDown(Object failure) {
    awaited.values().forEach(each -> core.emit(new Effect.Invalidated(each.caller, failure)));
    awaited.clear();
  }

  int waiting() {
    return awaited.size();
  }
}
