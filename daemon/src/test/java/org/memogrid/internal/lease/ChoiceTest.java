/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/** Who of those that offer a name is chosen. */
class ChoiceTest {
  private static final Member A = new Member("a", "a#1");
  private static final Member B = new Member("b", "b#1");
  private static final Member C = new Member("c", "c#1");
  private static final List<Member> BY_AGE = List.of(C, A, B);

  private static Member chosen(LeaseSpec spec, Member... among) {
    return Choice.of("name", spec, List.of(among), BY_AGE);
  }

  @Test
  void theFirstPreferredThatIsThere() {
    LeaseSpec spec = new LeaseSpec(LeaseSpec.Order.PREFERRED, List.of("b", "absent", "c"), 1);
    assertThat(chosen(spec, A, B, C)).isEqualTo(B);
    assertThat(chosen(spec, A, C)).isEqualTo(C);
    assertThat(chosen(spec, A)).isEqualTo(A);
  }

  @Test
  void asSpreadIfNoneOfThePreferredIsThere() {
    LeaseSpec spec = new LeaseSpec(LeaseSpec.Order.PREFERRED, List.of("absent"), 1);
    assertThat(chosen(spec, A, B, C)).isEqualTo(chosen(LeaseSpec.SPREAD, A, B, C));
  }

  @Test
  void theOldest() {
    LeaseSpec spec = new LeaseSpec(LeaseSpec.Order.OLDEST, List.of(), 1);
    assertThat(chosen(spec, B, A, C)).isEqualTo(C);
    assertThat(chosen(spec, B, A)).isEqualTo(A);
  }

  @Test
  void spreadMovesOnlyTheNamesOfWhoGoes() {
    for (int i = 0; i < 100; i++) {
      Member before = Choice.of("n" + i, LeaseSpec.SPREAD, List.of(A, B, C), BY_AGE);
      Member after = Choice.of("n" + i, LeaseSpec.SPREAD, List.of(A, B), BY_AGE);
      assertThat(before.equals(C) || after.equals(before)).isTrue();
    }
  }
}
