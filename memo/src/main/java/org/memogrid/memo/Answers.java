/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * What calls get: judges the age of what is remembered, has it replaced when that is due, and makes
 * values and failures of what runs and entries say.
 */
final class Answers<K, V> {
  private final MemoNode node;
  private final Counters counters;
  private final Runner<K, V> runner;
  private final Freshness freshness;
  private final Refresher<K> refresher;

  Answers(
      MemoNode node,
      Plan<K, V> plan,
      Counters counters,
      Runner<K, V> runner,
      Refresher<K> refresher) {
    this.node = node;
    this.counters = counters;
    this.runner = runner;
    this.freshness = new Freshness(plan);
    this.refresher = refresher;
  }

  /**
   * A call's value, or an entry that is too old to be one, in whose place another is to be asked
   * for.
   */
  record Answer<V>(@Nullable V value, @Nullable Envelope tooOld) {}

  /**
   * What the call gets that asked and heard this. Throws what it is to throw, checked or not.
   *
   * @param seen null, or the stale entry that it may get instead of a failure
   * @param reader the run that asked, if one did
   */
  Answer<V> of(K key, Effect.Outcome outcome, @Nullable Envelope seen, @Nullable Running reader) {
    if (outcome instanceof Effect.Threw threw) {
      if (seen != null && isErrorCovered(key, seen, threw)) {
        stale(key);
        return new Answer<>(remembered(key, seen, reader), null);
      }
      Failure failure = (Failure) threw.failure();
      read(key, failure.dependencies(), reader);
      throw Failure.sneaky(failure.toThrow());
    }
    Payload payload = (Payload) ((Effect.Returned) outcome).value().payload();
    if (!payload.isFound()) {
      read(key, payload.entry().tags(), reader);
      return new Answer<>(of(payload.result(node.codec())), null);
    }
    Envelope entry = payload.entry();
    return isGood(key, entry)
        ? new Answer<>(remembered(key, entry, reader), null)
        : new Answer<>(null, entry);
  }

  /** A hit. */
  V remembered(K key, Envelope entry, @Nullable Running reader) {
    counters.hits.increment();
    node.used(key, entry);
    return of(key, entry, reader);
  }

  /** What the entry holds. */
  V of(K key, Envelope entry, @Nullable Running reader) {
    if (reader != null) {
      read(key, entry.tags(), reader);
    }
    if (entry.isPlain()) {
      return cast(entry.value(node.codec()));
    }
    Object result = decoded(key, entry);
    V value = of(result);
    if (result == entry.localValue()) {
      entry.setPlain();
    }
    return value;
  }

  private @Nullable Object decoded(K key, Envelope entry) {
    try {
      return Payload.result(entry, node.codec());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          node.id()
              + ": the result that is remembered for "
              + key
              + " can't be read: "
              + e.getMessage()
              + "; if its class is not what it was, invalidate it, or give the memo another version",
          e);
    }
  }

  /** A value that was found without its entry, which has no tags. */
  V plain(K key, Object value, @Nullable Running reader) {
    if (reader != null) {
      read(key, Set.of(), reader);
    }
    return cast(value);
  }

  /**
   * The run reads the key.
   *
   * @param tags of what it gets
   */
  void read(K key, Set<String> tags, @Nullable Running reader) {
    Dependencies read = reader == null ? null : reader.dependencies();
    if (read != null) {
      read.read(node.id().store(), Tags.fingerprint(node, key));
      var unused = read.inherit(tags);
    }
  }

  private V of(@Nullable Object result) {
    if (result instanceof Failure failure) {
      throw Failure.sneaky(failure.toThrow());
    }
    return cast(result);
  }

  /** Whether a call may return it; sees to it that it is replaced if that is due. */
  boolean isGood(K key, Envelope entry) {
    Freshness.Age age = freshness.of(entry, node.clock().millis());
    if (age == Freshness.Age.DUE || age == Freshness.Age.STALE) {
      refresher.refresh(key, entry);
    }
    if (age == Freshness.Age.STALE) {
      stale(key);
    }
    return age.compareTo(Freshness.Age.LAST_RESORT) < 0;
  }

  /** The same of a copy near by, which is neither due nor stale but by chance. */
  boolean isGoodNear(K key, Envelope copy) {
    return isSurelyGood(copy) || isGood(key, copy);
  }

  /** Whether a copy near by is neither due nor stale, whatever chance says. */
  boolean isSurelyGood(Envelope copy) {
    return !freshness.isByChance() || copy.fresh() == null;
  }

  /** Whether it may be shown to who does not ask for a run. */
  boolean isShown(Envelope entry) {
    return freshness.of(entry, node.clock().millis()) != Freshness.Age.LAST_RESORT;
  }

  /** Counts and tells that a stale value stands in. */
  void stale(K key) {
    counters.stale.increment();
    runner.tell(MemoEvent.Type.STALE, key, 0, null);
  }

  private boolean isErrorCovered(K key, Envelope seen, Effect.Threw threw) {
    return switch (((Failure) threw.failure()).kind()) {
      case RUN, HOME, TIMEOUT ->
          freshness.isErrorCovered(seen, node.clock().millis()) && isStill(key, seen);
      case CYCLE, CLOSED -> false;
    };
  }

  /** Whether it is there: an invalidation may have come in the meantime. */
  boolean isStill(K key, Envelope seen) {
    Envelope now = node.anywhere(key);
    return now != null && now.equals(seen);
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // V may be a nullable type
  V cast(@Nullable Object result) {
    return (V) result;
  }
}
