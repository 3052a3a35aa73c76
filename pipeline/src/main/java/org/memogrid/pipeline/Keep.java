/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The results that one member holds. Not thread-safe.
 *
 * <p>Invariant: the result of an id that its caller chose is there for as long as queues know the
 * id. Without that, who submits with the id again would wait for ever: 1. nobody knows an end, so
 * it is published; 2. the queue has seen the id, and takes it for what came before.
 */
final class Keep {
  private static final int MOST_KEPT = 100_000;

  /** Longer than queues know an id, by as much as the clocks of members may differ. */
  static final long LEAST_KEPT = Definition.DEDUPE.toMillis() + 30_000;

  private final Map<String, Kept> kept = new LinkedHashMap<>();
  private final TreeSet<Kept> byEnd =
      new TreeSet<>(Comparator.<Kept>comparingLong(k -> k.expiresAt).thenComparing(k -> k.id));

  // In the order in which they came.
  private final Map<String, Kept> plain = new LinkedHashMap<>();
  private final Map<String, Kept> chosen = new LinkedHashMap<>();

  /** What is held for the id, if its time is not over. */
  @Nullable Kept live(String id, long now) {
    Kept known = kept.get(id);
    return known == null || known.expiresAt <= now ? null : known;
  }

  /** What is held for the id, also if its time is over. */
  @Nullable Kept get(String id) {
    return kept.get(id);
  }

  void forEach(Consumer<Kept> visitor) {
    kept.values().forEach(visitor);
  }

  /**
   * Holds it in the place of what was held for its id.
   *
   * @return what has to go for it; null if there is room
   */
  @Nullable Kept put(Kept result, long now) {
    Kept before = remove(result.id);
    if (before != null) {
      result.unconfirmed.addAll(before.unconfirmed);
    }
    result.since = now;
    kept.put(result.id, result);
    byEnd.add(result);
    of(result).put(result.id, result);
    Kept goes = kept.size() > MOST_KEPT ? first(now) : null;
    return goes == null ? null : remove(goes.id);
  }

  /** The eldest that may go; null if none may. */
  private @Nullable Kept first(long now) {
    Kept eldest = eldest(plain);
    Kept other = eldest(chosen);
    if (other == null || now - other.since < LEAST_KEPT) {
      return eldest;
    }
    return eldest == null || other.since < eldest.since ? other : eldest;
  }

  private static @Nullable Kept eldest(Map<String, Kept> which) {
    return which.isEmpty() ? null : which.values().iterator().next();
  }

  private Map<String, Kept> of(Kept result) {
    return result.chosen ? chosen : plain;
  }

  @Nullable Kept remove(String id) {
    Kept gone = kept.remove(id);
    if (gone != null) {
      byEnd.remove(gone);
      of(gone).remove(id);
    }
    return gone;
  }

  /** Lets go what is kept no longer, and returns it. */
  List<Kept> expire(long now) {
    List<Kept> gone = new ArrayList<>();
    while (!byEnd.isEmpty() && byEnd.first().expiresAt <= now) {
      Kept result = byEnd.first();
      gone.add(result);
      var unused = remove(result.id);
    }
    return gone;
  }

  /** When something expires next. */
  long nextExpiry() {
    return byEnd.isEmpty() ? Long.MAX_VALUE : byEnd.first().expiresAt;
  }
}
