/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
import java.util.List;

/**
 * Which homes may have begun messages of which no copy knows: what came in there and went to the
 * home's own listeners {@linkplain Ahead ahead} of the backup's answer. Immutable.
 *
 * @param ahead whether the present home may
 * @param lost ids of those that could and are lost, the last ones
 */
record Doubts(boolean ahead, List<String> lost) {
  /** How many are kept. What was sent to more of them, and never confirmed, is not suspected. */
  private static final int KEPT = 16;

  static final Doubts NONE = new Doubts(false, List.of());

  Doubts {
    lost = List.copyOf(lost.subList(Math.max(0, lost.size() - KEPT), lost.size()));
  }

  Doubts ahead(boolean on) {
    return new Doubts(on, lost);
  }

  /** Of a home that is lost. */
  Doubts with(String home) {
    List<String> longer = new ArrayList<>(lost);
    longer.add(home);
    return new Doubts(ahead, longer);
  }

  /** Under a home: another one has not said yet that it hands out ahead; who reigns is not lost. */
  Doubts under(String home, String before) {
    return new Doubts(
        ahead && home.equals(before), lost.stream().filter(id -> !id.equals(home)).toList());
  }
}
