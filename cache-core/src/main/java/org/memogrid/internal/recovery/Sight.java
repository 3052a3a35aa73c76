/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The layouts that a member has seen, without a gap, and what follows of a holding from them. Not
 * thread-safe.
 */
final class Sight {
  private static final int KEPT = 64;

  private final Rules rules;
  private final Deque<Layout> layouts = new ArrayDeque<>();

  /** There is no layout from here on that was not seen. */
  private int since = Integer.MAX_VALUE;

  private @Nullable Layout now;

  Sight(Rules rules) {
    this.rules = rules;
  }

  /** Null before the first. */
  @Nullable Layout now() {
    return now;
  }

  /** This member begins the generation: there was no layout before its first. */
  void isWhole() {
    since = 0;
  }

  /** There may be layouts that are not seen until the next one. */
  void isInterrupted() {
    if (rules.apply(Rule.MISTRUST_A_CUT)) {
      since = Integer.MAX_VALUE;
    }
  }

  boolean isLater(Layout layout) {
    return now == null || layout.topology() > now.topology();
  }

  /** One that is later than the last. */
  void see(Layout layout) {
    since = Math.min(since, layout.topology());
    now = layout;
    layouts.add(layout);
    if (layouts.size() > KEPT) {
      layouts.remove();
      since = Math.max(since, layouts.element().topology());
    }
  }

  Holding held(long generation, Layout layout, int segment) {
    List<String> readers = layout.readers().get(segment);
    return new Holding(
        new Epoch(generation, layout.topology()),
        readers,
        rules.apply(Rule.WRITERS_ARE_WITNESSES) ? layout.writers().get(segment) : readers);
  }

  /** What was held by a layout that was seen, as it is held by the last one. */
  Holding extended(long generation, int segment, Holding last) {
    int topology = last.at().topology();
    if (now == null
        || last.at().generation() != generation
        || (topology < since && rules.apply(Rule.UNBROKEN_SIGHT))) {
      return last;
    }
    if (topology == now.topology()) {
      return narrowed(generation, segment, last, now);
    }
    Holding extended = last;
    for (Layout each : layouts) {
      if (each.topology() > extended.at().topology()) {
        if (!extended.meets(each.readers().get(segment))
            && rules.apply(Rule.REMEMBER_THE_MISSING)) {
          return extended;
        }
        extended = held(generation, each, segment);
      }
    }
    return extended;
  }

  /** A coordinator that is gone may have used the number for another layout. */
  private Holding narrowed(long generation, int segment, Holding last, Layout layout) {
    List<String> readers = layout.readers().get(segment);
    if (!last.meets(readers) || readers.containsAll(last.owners())) {
      return last;
    }
    return new Holding(
        last.at(),
        last.owners().stream().filter(readers::contains).toList(),
        held(generation, layout, segment).witnesses());
  }

  /** Whether an owner of the holding is known to have all, by the last layout. */
  boolean isSettled(long generation, int segment, Holding last) {
    Layout layout = now;
    return layout != null
        && last.at().equals(new Epoch(generation, layout.topology()))
        && last.meets(layout.readers().get(segment));
  }
}
