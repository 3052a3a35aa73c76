/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a copy knows of another, by the reigns that it went through. */
class LineageTest {
  /**
   * The race: 1. a cluster is cut in two; 2. one side has more changes of members than are kept; 3.
   * the sides meet, and the other side's reign has a lower number than all that are known.
   */
  @Test
  void theOtherSideOfASplitIsNewsHoweverManyReignsThisSideHad() {
    Lineage lineage = Lineage.NONE.with(new Epoch(1, "a"), 1);
    Epoch other = new Epoch(2, "b");
    for (int number = 2; number < 100; number++) {
      lineage = lineage.with(new Epoch(number, "a"), number);
      assertThat(lineage.has(other)).as("after %s reigns", number).isFalse();
      assertThat(lineage.knows(other, 2)).as("after %s reigns", number).isFalse();
    }
    assertThat(lineage.has(new Epoch(99, "a"))).isTrue();
    assertThat(lineage.knows(new Epoch(98, "a"), 98)).isTrue();
    assertThat(lineage.knows(new Epoch(98, "a"), 99)).isFalse();
  }
}
