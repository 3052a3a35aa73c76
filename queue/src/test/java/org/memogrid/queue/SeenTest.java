/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What is remembered of a producer's numbers. */
class SeenTest {
  /** It is forgotten when it is taken for lost, and comes back with the numbers that it has. */
  @Test
  void aProducerThatComesBackMayHaveCountedFurtherThanAnIntGoes() {
    Seen seen = new Seen();
    long lowest = 3_000_000_000L;
    seen.settledBelow(lowest);
    seen.add(lowest + 1);
    assertThat(seen.has(lowest - 1)).isTrue();
    assertThat(seen.has(lowest)).isFalse();
    assertThat(seen.has(lowest + 1)).isTrue();
    assertThat(seen.has(3 * lowest)).isFalse();
  }

  @Test
  void whatCameInAboveIsKnownWhenTheBaseMoves() {
    Seen seen = new Seen();
    seen.add(5_000);
    seen.add(5_002);
    seen.settledBelow(5_001);
    assertThat(seen.base()).isEqualTo(5_001);
    assertThat(seen.has(5_001)).isFalse();
    assertThat(seen.has(5_002)).isTrue();
    seen.settledBelow(1_000_000);
    assertThat(seen.has(1_000_000)).isFalse();
  }
}
