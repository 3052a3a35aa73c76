/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/** When what members held may be gone with them. */
class LossesTest {
  private static final Member A = new Member("a", "a#1");
  private static final Member B = new Member("b", "b#1");
  private static final Member C = new Member("c", "c#1");
  private static final Member D = new Member("d", "d#1");

  private final Losses losses = new Losses();

  @Test
  void oneMemberAtATimeTakesNothingWithIt() {
    assertThat(losses.install(List.of(A, B, C, D), 1_000)).isNull();
    assertThat(losses.install(List.of(A, B, C), 2_000)).isNull();
    assertThat(losses.install(List.of(A, B, C, D), 3_000)).isNull();
    assertThat(losses.install(List.of(A, B), 2_000 + Losses.COPYING_MILLIS)).isEqualTo("c and d");
  }

  @Test
  void twoAtOnceMay() {
    assertThat(losses.install(List.of(A, B, C, D), 1_000)).isNull();
    assertThat(losses.install(List.of(A, D), 2_000)).isEqualTo("b and c");
  }

  @Test
  void aSecondMayBeforeWhatTheFirstHeldIsCopied() {
    assertThat(losses.install(List.of(A, B, C, D), 1_000)).isNull();
    assertThat(losses.install(List.of(A, C, D), 2_000)).isNull();
    long later = 2_000 + Losses.COPYING_MILLIS - 1;
    assertThat(losses.install(List.of(A, C), later)).isEqualTo("b and d");
    assertThat(losses.install(List.of(A), later + Losses.COPYING_MILLIS)).isNull();
  }
}
