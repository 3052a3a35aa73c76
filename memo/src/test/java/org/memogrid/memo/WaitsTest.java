/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/**
 * A request that is made again. 1. Two runs of this member wait for a key; 2. members come or go,
 * and the key's new home lets another run begin, which already waits for the second of the two; 3.
 * this member, which hears of the change last, asks the new home. Of the cycle's waits this is the
 * one that begins last, so it has to be chased; and what saw the chase before saw other waits.
 */
class WaitsTest {
  private static final Member SELF = new Member("a", "a#1");
  private static final Member HOME = new Member("b", "b#1");
  private static final Member NEXT_HOME = new Member("c", "c#1");
  private static final Token FIRST = new Token(1, 1, HOME.id(), 0, 0);
  private static final Token SECOND = new Token(1, 2, HOME.id(), 0, 0);
  private static final Token ELSEWHERE = new Token(1, 3, HOME.id(), 0, 0);
  private static final List<Member> MEMBERS = List.of(SELF, HOME, NEXT_HOME);

  private final AtomicLong numbers = new AtomicLong();
  private final List<Effect> effects = new ArrayList<>();
  private final MemoCore core =
      new MemoCore(
          new MemoCore.Identity(SELF, "memo", true, numbers::incrementAndGet, 16),
          Rules.all(),
          runs -> "a cycle",
          effects::add);

  @BeforeEach
  void asksItsHome() {
    core.install(new Configuration(1, HOME, MEMBERS, key -> HOME));
    effects.clear();
    core.call("key", "first", List.of(FIRST), null);
    core.call("key", "second", List.of(SECOND), null);
  }

  @Test
  void allWhoWaitAreChasedAnew() {
    List<Waits.Probe> before = probesTo(HOME);
    core.install(new Configuration(2, HOME, MEMBERS, key -> NEXT_HOME));
    List<Waits.Probe> after = probesTo(NEXT_HOME);

    assertThat(before)
        .extracting(Waits.Probe::chain)
        .containsExactly(List.of(FIRST), List.of(SECOND));
    assertThat(after)
        .extracting(Waits.Probe::chain)
        .containsExactly(List.of(FIRST), List.of(SECOND));
    assertThat(after)
        .extracting(Waits.Probe::number)
        .isEqualTo(before.stream().map(Waits.Probe::number).toList());
    assertThat(after)
        .extracting(Waits.Probe::chase)
        .doesNotContainAnyElementsOf(before.stream().map(Waits.Probe::chase).toList())
        .doesNotHaveDuplicates();
  }

  /** By whichever way it comes; and once more if it is another chase of the same caller. */
  @Test
  void aWaitPassesAChaseOnOnce() {
    effects.clear();
    Waits.Probe probe = new Waits.Probe(HOME, 1, 10, List.of(ELSEWHERE, FIRST));
    core.chase(probe);
    assertThat(probesTo(HOME)).hasSize(1);
    core.chase(probe);
    assertThat(probesTo(HOME)).isEmpty();
    core.chase(new Waits.Probe(HOME, 1, 11, probe.chain()));
    assertThat(probesTo(HOME)).hasSize(1);
  }

  /** What has been sent since the last call. */
  private List<Waits.Probe> probesTo(Member home) {
    List<Waits.Probe> probes =
        effects.stream()
            .flatMap(effect -> effect instanceof Effect.Send send ? Stream.of(send) : Stream.of())
            .filter(send -> send.to().equals(home))
            .map(Effect.Send::message)
            .map(
                message ->
                    message instanceof Message.Acquire acquire
                        ? acquire.probe()
                        : message instanceof Message.Probe probe ? probe.probe() : null)
            .filter(Objects::nonNull)
            .toList();
    effects.clear();
    return probes;
  }
}
