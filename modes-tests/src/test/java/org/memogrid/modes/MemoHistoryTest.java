/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.modes.MemoHistory.Apart;
import org.memogrid.modes.MemoHistory.Kind;
import org.memogrid.modes.MemoHistory.Operation;

/** The judge of memos sees what is stale, and nothing else. */
class MemoHistoryTest {
  private final MemoHistory history = new MemoHistory();

  @Test
  void aValueOlderThanAnInvalidationThatHadReturnedIsStale() {
    invalidated("a", "memo/1", 7, 10, 20);
    called("b", "memo/1", 6, 21, 30);
    assertThat(stale()).singleElement().asString().contains("version=6").contains("version=7");
  }

  @Test
  void anInvalidationUnderWayForbidsNothing() {
    invalidated("a", "memo/1", 7, 10, 20);
    called("b", "memo/1", 6, 19, 40);
    called("b", "memo/1", 6, 20, 40);
    assertThat(stale()).isEmpty();
  }

  @Test
  void whatIsAsNewOrNewerOrOfAnotherKeyIsNotStale() {
    invalidated("a", "memo/1", 7, 10, 20);
    called("b", "memo/1", 7, 30, 40);
    called("b", "memo/1", 8, 30, 40);
    called("b", "memo/2", 1, 30, 40);
    called("b", "another/1", 1, 30, 40);
    assertThat(stale()).isEmpty();
  }

  /** The later one to return may be of an earlier version. */
  @Test
  void theHighestVersionCountsWhicheverReturnedLast() {
    invalidated("a", "memo/1", 9, 10, 20);
    invalidated("c", "memo/1", 8, 9, 25);
    called("b", "memo/1", 8, 26, 30);
    assertThat(stale()).hasSize(1);
  }

  @Test
  void whoIsApartMayReadOldValuesUntilItIsBackAndNoLonger() {
    Apart apart = new Apart("b", 100, 200);
    invalidated("a", "memo/1", 7, 110, 120);
    called("b", "memo/1", 6, 150, 160);
    called("b", "memo/1", 6, 199, 300);
    assertThat(history.stale(List.of(apart))).isEmpty();
    called("b", "memo/1", 6, 201, 210);
    called("c", "memo/1", 6, 150, 160);
    assertThat(history.stale(List.of(apart))).hasSize(2);
  }

  @Test
  void whatOneInvalidatedWhoWasApartHoldsWhenItIsBack() {
    Apart apart = new Apart("b", 100, 200);
    invalidated("b", "memo/1", 7, 110, 120);
    called("a", "memo/1", 6, 150, 160);
    assertThat(history.stale(List.of(apart))).isEmpty();
    called("a", "memo/1", 6, 201, 210);
    assertThat(history.stale(List.of(apart))).hasSize(1);
  }

  /** A call that began before its member stood still is judged as any other. */
  @Test
  void aCallThatBeganBeforeItsMemberWasApartIsNotExcused() {
    invalidated("a", "memo/1", 7, 10, 20);
    called("b", "memo/1", 6, 90, 150);
    assertThat(history.stale(List.of(new Apart("b", 100, 200)))).hasSize(1);
  }

  @Test
  void allWhoMapTheSourceSeeOneVersion(@TempDir Path directory) {
    Path file = directory.resolve("versions");
    VersionSource one = VersionSource.at(file, 3);
    VersionSource other = VersionSource.at(file, 3);
    assertThat(one.raise(2)).isEqualTo(1);
    assertThat(other.raise(2)).isEqualTo(2);
    assertThat(one.version(2)).isEqualTo(2);
    assertThat(one.version(1)).isZero();
  }

  private List<String> stale() {
    return history.stale(List.of());
  }

  private void called(String node, String place, long version, long begun, long returned) {
    history.add(new Operation(node, Kind.CALL, place, version, begun, returned));
  }

  private void invalidated(String node, String place, long version, long begun, long returned) {
    history.add(new Operation(node, Kind.INVALIDATION, place, version, begun, returned));
  }
}
