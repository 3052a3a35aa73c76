/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a result is found by, and how long it is looked for. */
class CascadeTest {
  @Test
  void aResultIsFoundByAllThatItGoesBackTo() {
    Dependencies total = new Dependencies();
    total.read("prices", "apple");
    Dependencies report = new Dependencies();
    report.read("totals", "apple");
    assertThat(report.inherit(total.tags())).isTrue();
    assertThat(report.inherit(total.tags())).as("nothing new").isFalse();
    assertThat(report.inherit(Set.of("t:users"))).as("a tag of the user's").isFalse();
    for (String memo : List.of("prices", "totals")) {
      assertThat(report.tags()).containsAnyElementsOf(Dependencies.sought(memo, null));
      assertThat(report.tags()).containsAnyElementsOf(Dependencies.sought(memo, List.of("apple")));
      assertThat(report.tags())
          .doesNotContainAnyElementsOf(Dependencies.sought(memo, List.of("pear")));
    }
    assertThat(report.tags()).doesNotContainAnyElementsOf(Dependencies.sought("other", null));
  }

  @Test
  void beyondSoManyKeysItIsFoundByAnyOfTheirMemo() {
    Dependencies read = new Dependencies();
    IntStream.range(0, Dependencies.MOST).forEach(k -> read.read("prices", "" + k));
    assertThat(read.tags())
        .doesNotContainAnyElementsOf(Dependencies.sought("prices", List.of("x")));
    read.read("prices", "one more");
    assertThat(read.tags()).hasSize(2);
    assertThat(read.tags()).containsAnyElementsOf(Dependencies.sought("prices", List.of("x")));
    Dependencies other = new Dependencies();
    assertThat(other.inherit(read.tags())).isTrue();
    assertThat(other.tags()).isEqualTo(read.tags());
  }

  @Test
  void thereIsAnotherPassAsLongAsOneFindsWhatNoneBeforeItHad() {
    Cascade<String> cascade = new Cascade<>(Rules.all(), Set.of("tag"));
    assertThat(cascade.next()).containsExactly("tag");
    cascade.found("totals", List.of(1, 2));
    cascade.found("reports", List.of());
    assertThat(cascade.next()).containsExactly("tag");
    cascade.found("totals", List.of(2));
    cascade.found("reports", List.of(1));
    assertThat(cascade.next()).containsExactly("tag");
    cascade.found("totals", List.of(1));
    cascade.found("reports", List.of(1));
    assertThat(cascade.next()).isNull();
  }

  /** Or an invalidation would last as long as others call. */
  @Test
  void itEndsThoughRunsBeginAllTheTime() {
    Cascade<String> cascade = new Cascade<>(Rules.all(), Set.of("tag"));
    for (int pass = 0; pass < Cascade.MOST_PASSES; pass++) {
      assertThat(cascade.next()).isNotNull();
      cascade.found("reports", List.of(pass));
    }
    assertThat(cascade.next()).isNull();
  }

  @Test
  void nothingIsLookedForWhereNothingWasInvalidated() {
    assertThat(new Cascade<>(Rules.all(), Dependencies.sought("prices", List.of())).next())
        .isNull();
  }

  @Test
  void aMemoThatCannotTellItsKeysIsFoundOnce() {
    Cascade<String> cascade = new Cascade<>(Rules.all(), Set.of("tag"));
    assertThat(cascade.next()).isNotNull();
    cascade.found("totals", null);
    assertThat(cascade.next()).isNotNull();
    cascade.found("totals", null);
    assertThat(cascade.next()).isNull();
  }
}
