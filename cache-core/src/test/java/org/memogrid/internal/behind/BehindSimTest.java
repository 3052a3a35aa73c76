/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.behind;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class BehindSimTest {
  private static final int SEEDS = Integer.getInteger("memogrid.behind.seeds", 5_000);

  @Test
  void theStoreHasTheLastOfEachKeyWhoeverIsKilled() {
    int kills = 0;
    int reads = 0;
    for (long seed = 0; seed < SEEDS; seed++) {
      BehindSim sim = new BehindSim(seed);
      assertThat(sim.run(2_000)).as("seed %s", seed).isNull();
      kills += sim.kills();
      reads += sim.reads();
    }
    assertThat(kills).isGreaterThan(SEEDS / 2);
    assertThat(reads).isGreaterThan(2 * SEEDS);
  }
}
