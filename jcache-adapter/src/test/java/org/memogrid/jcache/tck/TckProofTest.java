/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache.tck;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The JSR's tests ran in this build, all of them, in every mode, and passed; in the clustered modes
 * on a cluster in which the other member did its half. Runs after them (see the module's pom).
 */
@Tag("tck-proof")
class TckProofTest {
  /** How many the release has; {@code dummyTest} is one of them. */
  private static final int TESTS = 479;

  @ValueSource(strings = {"local", "invalidated", "replicated", "distributed"})
  @ParameterizedTest
  void allTestsRanAndPassedButTheOneThatIsNone(String mode) {
    TckRun run = TckRun.read(mode);

    assertThat(run.build()).as("the build that ran the tests").isEqualTo(TckRun.build("this one"));
    assertThat(run.tests()).isEqualTo(TESTS);
    assertThat(run.excluded()).containsExactly("org.jsr107.tck.CachingTest#dummyTest");
    assertThat(run.failed()).isEmpty();
  }

  @ValueSource(strings = {"invalidated", "replicated", "distributed"})
  @ParameterizedTest
  void theSecondMemberOpenedTheCaches(String mode) {
    assertThat(TckRun.read(mode).secondsCaches()).isGreaterThan(300);
  }

  @ValueSource(strings = {"replicated", "distributed"})
  @ParameterizedTest
  void theSecondMemberWasPrimaryOwnerOfAboutHalf(String mode) {
    TckRun run = TckRun.read(mode);

    assertThat(run.secondsEntries()).isGreaterThan(500);
    assertThat((double) run.secondsPrimary() / run.secondsEntries()).isBetween(0.3, 0.7);
  }

  /** Values never cross the wire there: each member holds what it wrote itself. */
  @Test
  void theSecondMemberHeldNothingWhereMembersShareNothing() {
    assertThat(TckRun.read("invalidated").secondsEntries()).isZero();
  }
}
