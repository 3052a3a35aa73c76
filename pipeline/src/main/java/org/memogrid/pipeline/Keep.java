/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** The results that one member holds. Not thread-safe. */
final class Keep {
  private static final int MOST_KEPT = 100_000;

  private final LinkedHashMap<String, Kept> kept = new LinkedHashMap<>();

  @Nullable Kept get(String id) {
    return kept.get(id);
  }

  void forEach(BiConsumer<String, Kept> visitor) {
    kept.forEach(visitor);
  }

  /**
   * Holds it in the place of what was held for this id.
   *
   * @return what has to go for it; null if there is room
   */
  @Nullable Kept put(String id, Kept result) {
    Kept before = kept.remove(id);
    if (before != null) {
      result.unconfirmed.addAll(before.unconfirmed);
    }
    kept.put(id, result);
    return kept.size() > MOST_KEPT ? kept.remove(kept.keySet().iterator().next()) : null;
  }

  void remove(String id) {
    kept.remove(id);
  }

  /** Lets go what is kept no longer, and returns it. */
  List<Kept> expire(long now) {
    List<Kept> gone = new ArrayList<>();
    for (Iterator<Kept> eldest = kept.values().iterator(); eldest.hasNext(); ) {
      Kept result = eldest.next();
      if (result.expiresAt > now) {
        break;
      }
      eldest.remove();
      gone.add(result);
    }
    return gone;
  }

  /** When something expires next. */
  long nextExpiry() {
    return kept.isEmpty() ? Long.MAX_VALUE : kept.values().iterator().next().expiresAt;
  }
}
