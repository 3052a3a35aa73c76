/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.memogrid.internal.store.Envelope;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has values replaced in the background. Of this member's callers that find one due, one asks; of
 * the members that ask, one runs. The same value is not asked for again for a moment.
 */
final class Refresher<K> {
  private static final Logger LOG = LoggerFactory.getLogger(Refresher.class);
  private static final long UNDER_WAY = Long.MAX_VALUE;
  private static final long PAUSE_MILLIS = 1_000;
  private static final int MANY = 1_024;

  private final MemoNode node;
  private final Counters counters;
  private final Asker<K> asker;

  /** What was asked for, and until when it is not asked for again. */
  private final ConcurrentMap<K, Pause> pauses = new ConcurrentHashMap<>();

  private record Pause(Envelope.Version seen, long until) {}

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
    Pause pause = pauses.get(key);
    Pause mine = new Pause(seen.version(), UNDER_WAY);
    boolean first =
        pause == null
            ? pauses.putIfAbsent(key, mine) == null
            : isOver(pause, seen, now) && pauses.replace(key, pause, mine);
    if (!first) {
      return;
    }
    counters.refreshes.increment();
    try {
      var unused = asker.ask(key, seen).outcome.thenAccept(outcome -> ended(key, seen, outcome));
    } catch (RuntimeException e) {
      pauses.remove(key);
      throw e;
    }
  }

  /** The next value may be due soon; the same one is still seen until the new one is stored. */
  private static boolean isOver(Pause pause, Envelope seen, long now) {
    return pause.until <= now || (pause.until != UNDER_WAY && !pause.seen.equals(seen.version()));
  }

  /** Whether some value is being replaced because of this member. */
  boolean isBusy() {
    return pauses.values().stream().anyMatch(pause -> pause.until == UNDER_WAY);
  }

  private void ended(K key, Envelope seen, Effect.Outcome outcome) {
    if (outcome instanceof Effect.Threw) {
      LOG.debug("{} of {} could not be refreshed: {}", node.id(), key, outcome);
    }
    long now = node.clock().millis();
    pauses.put(key, new Pause(seen.version(), now + PAUSE_MILLIS));
    if (pauses.size() > MANY) {
      pauses.values().removeIf(pause -> pause.until <= now);
    }
  }
}
