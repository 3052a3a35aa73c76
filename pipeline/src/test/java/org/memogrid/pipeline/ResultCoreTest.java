/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/** What one member does about results, with a clock and a wire of the test's own. */
class ResultCoreTest {
  private static final Member SELF = new Member("self", "self#1");
  private static final Member OTHER = new Member("other", "other#1");
  private static final Member BARE = new Member("bare", "bare#1");
  private static final long HOUR = 3_600_000;

  private final AtomicLong clock = new AtomicLong(1_000);
  private final List<String> heard = new ArrayList<>();
  private final List<String> sent = new ArrayList<>();
  private final ResultCore<String> core =
      new ResultCore<>(
          SELF,
          Rules.all(),
          clock::get,
          new ResultCore.Effects<>() {
            @Override
            public void send(Member to, Mail mail) {
              mail.inquiries().forEach(inquiry -> sent.add("inquiry " + to.name()));
              mail.copies().forEach(copy -> sent.add("copy " + to.name()));
              mail.offers().forEach(offer -> sent.add("offer " + to.name()));
            }

            @Override
            public void concluded(String ticket) {
              heard.add("concluded " + ticket);
            }

            @Override
            public void ended(String ticket, Outcome outcome) {
              heard.add("ended " + ticket + " " + outcome.kind());
            }

            @Override
            public void unknown(String ticket) {
              heard.add("unknown " + ticket);
            }
          });

  private static Outcome value() {
    return Outcome.value(null, "last", 1);
  }

  private static Outcome dead() {
    return new Outcome(Outcome.Kind.DEAD, null, "last", 10, "why", null);
  }

  /** Lets time pass, waking the core whenever it wants to be woken. */
  private void pass(long millis) {
    long until = clock.get() + millis;
    while (core.nextWake() <= until) {
      clock.set(Math.max(clock.get(), core.nextWake()));
      core.tick();
      core.flush();
    }
    clock.set(until);
  }

  @Test
  void aResultIsForgottenWhenItsTimeIsOver() {
    core.install(1, List.of(SELF));
    core.offer("v", SELF.id(), HOUR, value(), "work");
    core.find("v", "first");
    pass(HOUR - 1);
    core.find("v", "second");
    pass(1);
    core.find("v", "third");
    assertThat(heard).containsExactly("concluded work", "ended first VALUE", "ended second VALUE");
  }

  @Test
  void whoLooksForWhatNobodyKnowsAsksLessAndLess() {
    core.install(1, List.of(SELF));
    List<Long> looks = new ArrayList<>();
    core.find("v", "caller");
    for (int i = 0; i < 8; i++) {
      looks.add(core.nextWake() - clock.get());
      clock.set(core.nextWake());
      core.tick();
    }
    assertThat(looks).containsExactly(200L, 400L, 800L, 1_600L, 2_000L, 2_000L, 2_000L, 2_000L);
  }

  @Test
  void whoJoinsSubmitsOnlyWhatHasNoEnd() {
    core.install(1, List.of(SELF));
    core.join("v", "first");
    assertThat(heard).containsExactly("unknown first");
    core.offer("v", SELF.id(), HOUR, value(), "work");
    core.join("v", "second");
    assertThat(heard)
        .containsExactly(
            "unknown first", "concluded work", "ended first VALUE", "ended second VALUE");
  }

  @Test
  void aDeadLetterThatIsPutBackHasNoEndUntilItHasANewOne() {
    core.install(1, List.of(SELF));
    core.offer("v", SELF.id(), HOUR, dead(), "work");
    core.offer("w", SELF.id(), HOUR, value(), "other");
    heard.clear();
    core.revive(List.of("v", "w"));
    core.find("v", "caller");
    core.find("w", "final");
    assertThat(heard).containsExactly("ended final VALUE");
    core.offer("v", SELF.id(), HOUR, value(), "again");
    assertThat(heard).containsExactly("ended final VALUE", "concluded again", "ended caller VALUE");
  }

  @Test
  void nobodyWaitsForAMemberWithoutPipelines() {
    core.install(1, List.of(SELF, BARE));
    core.offer("v", SELF.id(), HOUR, value(), "work");
    core.find("w", "caller");
    core.join("w", "next");
    core.flush();
    assertThat(sent).containsExactlyInAnyOrder("copy bare", "inquiry bare");
    assertThat(heard).isEmpty();
    core.lacking(BARE);
    assertThat(heard).containsExactlyInAnyOrder("concluded work", "unknown next");
    sent.clear();
    core.install(2, List.of(SELF, BARE, OTHER));
    core.flush();
    assertThat(sent).isNotEmpty().allMatch(each -> each.endsWith("other"));
  }
}
