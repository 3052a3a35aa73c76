/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The results that one member holds. Not thread-safe.
 *
 * <p>Invariant: the result of an id that its caller chose is there for as long as queues know the
 * id. Without that, who submits with the id again would wait for ever: 1. nobody knows an end, so
 * it is published; 2. the queue has seen the id, and takes it for what came before.
 *
 * <p>Each value has its result here, so holding one and letting it go must cost little however many
 * there are: nothing is sorted but the seconds in which some end.
 */
final class Keep {
  private static final int MOST_KEPT = 100_000;
  private static final long SECOND = 1_000;

  /** Longer than queues know an id, by as much as the clocks of members may differ. */
  static final long LEAST_KEPT = Definition.DEDUPE.toMillis() + 30_000;

  private final Map<String, Held> held = new HashMap<>();
  private final TreeMap<Long, Chain> bySecond = new TreeMap<>();

  // In the order in which they came.
  private final Chain plain = new Chain();
  private final Chain chosen = new Chain();

  /** A result and where it stands. */
  private record Held(Kept result, Chain.Link byAge, Chain.Link bySecond) {}

  /** What is held for the id, if its time is not over. */
  @Nullable Kept live(String id, long now) {
    Kept known = get(id);
    return known == null || known.expiresAt <= now ? null : known;
  }

  /** What is held for the id, also if its time is over. */
  @Nullable Kept get(String id) {
    Held known = held.get(id);
    return known == null ? null : known.result;
  }

  /** The visitor must not change what is held. */
  void forEach(Consumer<Kept> visitor) {
    plain.forEach(visitor);
    chosen.forEach(visitor);
  }

  /**
   * Holds it in the place of what was held for its id.
   *
   * @return what has to go for it; null if there is room
   */
  @Nullable Kept put(Kept result, long now) {
    Kept before = remove(result.id);
    if (before != null) {
      result.takeOver(before);
    }
    result.since = now;
    Chain.Link byAge = (result.chosen ? chosen : plain).add(result);
    Chain.Link byEnd = bySecond.computeIfAbsent(second(result), s -> new Chain()).add(result);
    held.put(result.id, new Held(result, byAge, byEnd));
    Kept goes = held.size() > MOST_KEPT ? first(now) : null;
    return goes == null ? null : remove(goes.id);
  }

  /** The eldest that may go; null if none may. */
  private @Nullable Kept first(long now) {
    Kept eldest = plain.first();
    Kept other = chosen.first();
    if (other == null || now - other.since < LEAST_KEPT) {
      return eldest;
    }
    return eldest == null || other.since < eldest.since ? other : eldest;
  }

  /** The first one that has begun after its end. */
  private static Long second(Kept result) {
    return Math.floorDiv(result.expiresAt + SECOND - 1, SECOND);
  }

  @Nullable Kept remove(String id) {
    Held gone = held.remove(id);
    if (gone == null) {
      return null;
    }
    Chain.remove(gone.byAge);
    Chain.remove(gone.bySecond);
    Long second = second(gone.result);
    Chain same = bySecond.get(second);
    if (same != null && same.isEmpty()) {
      bySecond.remove(second);
    }
    return gone.result;
  }

  /** Lets go what is kept no longer, at most a second late, and returns it. */
  List<Kept> expire(long now) {
    List<Kept> gone = new ArrayList<>();
    bySecond
        .headMap(Math.floorDiv(now, SECOND), true)
        .values()
        .forEach(ended -> ended.forEach(gone::add));
    gone.forEach(result -> remove(result.id));
    return gone;
  }

  /** When something is let go next. */
  long nextExpiry() {
    return bySecond.isEmpty() ? Long.MAX_VALUE : bySecond.firstKey() * SECOND;
  }
}
