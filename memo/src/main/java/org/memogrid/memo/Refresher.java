/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.memogrid.internal.store.Envelope;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has values replaced in the background. Of this member's callers that find one due, one asks; of
 * the members that ask, one runs. A run that failed is not asked for again for a moment.
 */
final class Refresher<K> {
  private static final Logger LOG = LoggerFactory.getLogger(Refresher.class);
  private static final long UNDER_WAY = Long.MAX_VALUE;
  private static final long PAUSE_MILLIS = 1_000;
  private static final int MANY = 1_024;

  private final MemoNode node;
  private final Counters counters;
  private final Asker<K> asker;

  /** When a key may be asked for again. */
  private final ConcurrentMap<K, Long> pauses = new ConcurrentHashMap<>();

  /** Begins a call in the background. */
  interface Asker<K> {
    Background<K> ask(K key, Envelope seen);
  }

  Refresher(MemoNode node, Counters counters, Asker<K> asker) {
    this.node = node;
    this.counters = counters;
    this.asker = asker;
  }

  void refresh(K key, Envelope seen) {
    long now = node.clock().millis();
    Long pause = pauses.get(key);
    boolean mine =
        pause == null
            ? pauses.putIfAbsent(key, UNDER_WAY) == null
            : pause <= now && pauses.replace(key, pause, UNDER_WAY);
    if (!mine) {
      return;
    }
    counters.refreshes.increment();
    try {
      var unused = asker.ask(key, seen).outcome.thenAccept(outcome -> ended(key, outcome));
    } catch (RuntimeException e) {
      pauses.remove(key);
      throw e;
    }
  }

  private void ended(K key, Effect.Outcome outcome) {
    if (outcome instanceof Effect.Returned) {
      pauses.remove(key);
      return;
    }
    LOG.debug("{} of {} could not be refreshed: {}", node.id(), key, outcome);
    long now = node.clock().millis();
    pauses.put(key, now + PAUSE_MILLIS);
    if (pauses.size() > MANY) {
      pauses.values().removeIf(until -> until <= now);
    }
  }
}
