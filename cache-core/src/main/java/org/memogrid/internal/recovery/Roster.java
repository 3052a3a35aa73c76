/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Who has what of a cache, as one member knows it; it is on that member's disk before the member
 * serves by it.
 *
 * @param lineage the history that the cache's entries belong to; empty if there is none yet
 * @param segments by number
 */
public record Roster(String lineage, List<Holding> segments) {
  public Roster {
    segments = List.copyOf(segments);
  }

  /** That of a member which has nothing. */
  public static Roster empty(int segments) {
    return new Roster("", Collections.nCopies(segments, Holding.NONE));
  }

  /** All that it names. */
  public Set<String> lives() {
    Set<String> lives = new HashSet<>();
    for (Holding each : segments) {
      lives.addAll(each.owners());
      lives.addAll(each.witnesses());
    }
    return lives;
  }

  boolean isEmpty() {
    return lineage.isEmpty();
  }

  long lastGeneration() {
    return segments.stream().mapToLong(each -> each.at().generation()).max().orElse(0);
  }
}
