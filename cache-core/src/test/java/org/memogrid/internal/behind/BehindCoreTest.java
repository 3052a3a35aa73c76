/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.behind;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the simulation does not come to: stores that take too long, and writes that come late. */
final class BehindCoreTest {
  private final BehindCore<Integer, String> core = new BehindCore<>(key -> key % 10);

  private static BitSet bits(int... segments) {
    BitSet bits = new BitSet();
    for (int segment : segments) {
      bits.set(segment);
    }
    return bits;
  }

  private void layout(int number, boolean steady, BitSet ordered, BitSet owned) {
    assertThat(core.layout(new Share(number, ordered, owned, owned, steady))).isZero();
  }

  @Test
  void whatWasTakenIsTakenAgainUntilItIsWritten() {
    layout(1, true, bits(0, 1, 2), bits(0, 1, 2));
    assertThat(core.change(Map.of(0, "a"))).isZero();
    assertThat(core.take(1)).isEqualTo(Map.of(0, "a"));
    assertThat(core.change(Map.of(0, "b", 1, "c"))).isZero();
    assertThat(core.take(10)).isEqualTo(Map.of(0, "a"));
    assertThat(core.waitsFor(0)).isEqualTo("b");
    assertThat(core.written()).isEqualTo(Map.of(0, "a"));
    assertThat(core.take(10)).isEqualTo(Map.of(0, "b", 1, "c"));
    assertThat(core.left()).isEqualTo(2);
  }

  /** The store did not take it in time. */
  @Test
  void whatOthersOrderByNowIsNotWritten() {
    layout(1, true, bits(0, 1), bits(0, 1));
    assertThat(core.change(Map.of(0, "a"))).isZero();
    assertThat(core.take(1)).isEqualTo(Map.of(0, "a"));
    assertThat(core.change(Map.of(10, "b", 1, "c"))).isZero();
    assertThat(core.layout(new Share(2, bits(1), bits(0, 1), bits(0, 1), true))).isEqualTo(2);
    assertThat(core.take(10)).isEqualTo(Map.of(1, "c"));
    assertThat(core.waitsFor(0)).isEqualTo("a"); // as a backup, until it is told
    core.told(2, Map.of(0, "a", 10, "b"));
    assertThat(core.known()).isEqualTo(1);
  }

  @Test
  void whatAnotherOrdersIsNotWritten() {
    layout(1, true, bits(0), bits(0, 1));
    core.keep(Map.of(1, "kept"));
    assertThat(core.change(Map.of(0, "a"))).isZero();
    assertThat(core.take(10)).isEqualTo(Map.of(0, "a"));
    assertThat(core.waitsFor(1)).isEqualTo("kept");
    assertThat(core.written()).isEqualTo(Map.of(0, "a"));
    assertThat(core.known()).isEqualTo(1);
  }

  /** It was sent by the member that ordered it before, and this one is an owner of it anyway. */
  @Test
  void aBackupsChangeThatComesLateIsWrittenByWhoOrdersIt() {
    layout(1, true, bits(0), bits(0));
    core.keep(Map.of(0, "late"));
    assertThat(core.take(10)).isEqualTo(Map.of(0, "late"));
  }

  @Test
  void aChangeThatComesWhenOthersOrderTheKeyIsTheirs() {
    layout(1, true, bits(0), bits(0));
    layout(2, true, bits(), bits(0));
    assertThat(core.change(Map.of(0, "late"))).isZero();
    assertThat(core.take(10)).isEmpty();
  }

  @Test
  void whatWasWrittenByAnEarlierTopologyIsForgotten() {
    layout(1, true, bits(), bits(0, 1));
    core.told(1, Map.of(0, "a"));
    core.told(2, Map.of(1, "b"));
    layout(2, true, bits(), bits(0, 1));
    core.keep(Map.of(0, "a", 1, "b"));
    assertThat(core.waitsFor(0)).isEqualTo("a");
    assertThat(core.waitsFor(1)).isNull();
  }

  /**
   * News of two members overtake each other: who orders the key by the next topology has written,
   * and who did by this one has as well.
   */
  @Test
  void whatIsToldLateLeavesWhatWasToldEarly() {
    layout(1, true, bits(), bits(0));
    core.keep(Map.of(0, "a"));
    core.told(2, Map.of(0, "b"));
    core.told(1, Map.of(0, "a"));
    layout(2, true, bits(), bits(0));
    core.keep(Map.of(0, "b"));
    assertThat(core.known()).isZero();
  }

  @Test
  void whatIsToldInTurnIsForgotten() {
    layout(1, true, bits(), bits(0));
    core.keep(Map.of(0, "a"));
    core.keep(Map.of(0, "b"));
    core.told(1, Map.of(0, "a"));
    assertThat(core.early()).isEqualTo(1);
    core.told(1, Map.of(0, "b"));
    assertThat(core.early() + core.known()).isZero();
  }

  @Test
  void whoLeavesConfirmsNothingThatIsNotWritten() {
    layout(1, true, bits(0), bits(0));
    core.leave();
    long number = core.change(Map.of(0, "a"));
    assertThat(core.isWritten(number)).isFalse();
    assertThat(core.take(10)).isEqualTo(Map.of(0, "a"));
    assertThat(core.isWritten(number)).isFalse();
    assertThat(core.written()).isEqualTo(Map.of(0, "a"));
    assertThat(core.isWritten(number)).isTrue();
  }

  /** Changes come all the time; each of the topologies waits for those before it. */
  @Test
  void eachTopologyWaitsUnlessTheStoreTakesNothing() {
    layout(1, true, bits(0), bits(0));
    assertThat(core.change(Map.of(0, "a"))).isZero();
    Share next = new Share(2, bits(0), bits(0), bits(0), false);
    assertThat(core.prepare(next)).isTrue();
    assertThat(core.layout(next)).isZero();
    assertThat(core.prepare(next)).isTrue();
    core.giveUp();
    assertThat(core.prepare(next)).isFalse();
    assertThat(core.layout(next)).isZero();
    assertThat(core.prepare(next)).isFalse();
    layout(4, true, bits(0), bits(0));
    assertThat(core.prepare(next)).isTrue();
  }

  /**
   * Else the store might have it from this member after what the next one writes.
   *
   * <ol>
   *   <li>Another is about to order the key: what waits is written first.
   *   <li>It is changed before that topology is in use.
   *   <li>That waits for what went before, in whose turn the change is not taken.
   *   <li>The topology is in use: the change is made again at the other.
   * </ol>
   */
  @Test
  void whatOthersAreAboutToOrderIsNotBegun() {
    layout(1, false, bits(0, 1, 2), bits(0, 1, 2));
    long before = core.change(Map.of(0, "a"));
    Share next = new Share(2, bits(1), bits(0, 1, 2), bits(0, 1, 2), false);
    assertThat(core.prepare(next)).isTrue();
    long going = core.change(Map.of(2, "b"));
    long staying = core.change(Map.of(1, "c"));
    assertThat(core.change(Map.of(10, "d"))).isGreaterThan(staying);
    assertThat(core.take(10)).isEqualTo(Map.of(0, "a", 1, "c"));
    assertThat(core.isWritten(before)).isFalse();
    assertThat(core.written()).isEqualTo(Map.of(0, "a", 1, "c"));
    assertThat(core.isWritten(before)).isTrue();
    assertThat(core.isWritten(going)).isFalse();
    assertThat(core.isWritten(staying)).isFalse(); // in order
    assertThat(core.take(10)).isEmpty();
    assertThat(core.layout(next)).isZero();
    assertThat(core.isWritten(core.last())).isTrue();
    assertThat(core.change(Map.of(1, "e"))).isPositive();
    assertThat(core.take(10)).isEqualTo(Map.of(1, "e"));
  }

  @Test
  void nothingUnwrittenIsConfirmedOnceOthersAreAboutToOrderIt() {
    layout(1, true, bits(0), bits(0));
    assertThat(core.prepare(new Share(2, bits(), bits(), bits(), true))).isFalse();
    assertThat(core.change(Map.of(0, "a"))).isPositive();
  }

  /** It was about to be an owner, and is not to be any more. */
  @Test
  void whatWasKeptForASegmentThatWentIsForgotten() {
    assertThat(core.layout(new Share(1, bits(), bits(0), bits(), false))).isZero();
    core.keep(Map.of(0, "a"));
    assertThat(core.layout(new Share(2, bits(), bits(), bits(), true))).isZero();
    layout(3, true, bits(), bits(0));
    assertThat(core.waitsFor(0)).isNull();
  }

  @Test
  void whatNeedNotWaitAnyMoreIsKeptWhenOthersOrderIt() {
    layout(1, false, bits(0), bits(0));
    long number = core.change(Map.of(0, "a"));
    assertThat(core.isConfirmed(number)).isFalse();
    layout(2, true, bits(0), bits(0));
    assertThat(core.isConfirmed(number)).isTrue();
    assertThat(core.layout(new Share(3, bits(), bits(0), bits(0), true))).isEqualTo(1);
    assertThat(core.waitsFor(0)).isEqualTo("a");
    assertThat(core.take(1)).isEmpty();
  }
}
