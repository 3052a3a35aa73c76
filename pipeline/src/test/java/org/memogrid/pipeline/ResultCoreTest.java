/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
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

  /** The number of what each member was asked last. */
  private final Map<Member, Long> asked = new HashMap<>();

  private final ResultCore.Effects<String> effects =
      new ResultCore.Effects<>() {
        @Override
        public void send(Member to, Mail mail) {
          mail.inquiries().forEach(inquiry -> sent.add("inquiry " + to.name()));
          mail.inquiries().forEach(inquiry -> asked.put(to, inquiry.number()));
          mail.copies().forEach(copy -> sent.add("copy " + to.name()));
          mail.offers().forEach(offer -> sent.add("offer " + to.name()));
          mail.verdicts().forEach(verdict -> sent.add("verdict " + to.name()));
          mail.answers().forEach(answer -> sent.add("answer " + kind(answer)));
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
      };
  private ResultCore<String> core = new ResultCore<>(SELF, Rules.all(), clock::get, effects);

  private static String kind(Mail.Answer answer) {
    Outcome outcome = answer.outcome();
    return outcome == null ? "nothing" : outcome.kind().name();
  }

  /** Begins again without a rule: a test shows that it is necessary. */
  private void without(Rule rule) {
    core = new ResultCore<>(SELF, Rules.without(Set.of(rule)), clock::get, effects);
    heard.clear();
    sent.clear();
    asked.clear();
  }

  private static Mail mail(List<Mail.Offer> offers, List<Mail.Answer> answers) {
    return new Mail(offers, List.of(), List.of(), List.of(), List.of(), answers);
  }

  /** What the member was asked last it answers. */
  private void answer(Member from, long view, @Nullable Outcome outcome) {
    long number = Objects.requireNonNull(asked.get(from), "asked nothing");
    answer(from, view, number, outcome);
  }

  private void answer(Member from, long view, long number, @Nullable Outcome outcome) {
    core.received(from, view, mail(List.of(), List.of(new Mail.Answer(number, outcome))));
    core.flush();
  }

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
    core.offer("v", SELF.id(), false, HOUR, value(), "work");
    core.find("v", "first");
    pass(HOUR - 1);
    core.find("v", "second");
    pass(1);
    core.find("v", "third");
    assertThat(heard).containsExactly("concluded work", "ended first VALUE", "ended second VALUE");
  }

  /** Whoever holds it: the other holder has what the decider has, with its end. */
  @Test
  void aCopyIsForgottenWhenItsTimeIsOver() {
    core.install(1, List.of(SELF, OTHER));
    Mail.Copy copy = new Mail.Copy("v", OTHER.id(), false, clock.get() + HOUR, value());
    core.received(
        OTHER, 1, new Mail(List.of(), List.of(), List.of(copy), List.of(), List.of(), List.of()));
    core.offer("w", OTHER.id(), false, HOUR, value(), "work");
    core.received(
        OTHER,
        1,
        new Mail(
            List.of(),
            List.of(new Mail.Verdict(1, true, clock.get() + HOUR)),
            List.of(),
            List.of(),
            List.of(),
            List.of()));
    pass(HOUR - 1);
    isAskedFor("v", "w");
    assertThat(sent).containsSequence("answer VALUE", "answer VALUE");
    pass(1);
    sent.clear();
    isAskedFor("v", "w");
    assertThat(sent).containsExactly("answer nothing", "answer nothing");
  }

  private void isAskedFor(String... ids) {
    List<Mail.Inquiry> inquiries = new ArrayList<>();
    for (String id : ids) {
      inquiries.add(new Mail.Inquiry(inquiries.size(), id));
    }
    core.received(
        OTHER, 1, new Mail(List.of(), List.of(), List.of(), List.of(), inquiries, List.of()));
    core.flush();
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
    core.offer("v", SELF.id(), false, HOUR, value(), "work");
    core.join("v", "second");
    assertThat(heard)
        .containsExactly(
            "unknown first", "concluded work", "ended first VALUE", "ended second VALUE");
  }

  @Test
  void aDeadLetterThatIsPutBackHasNoEndUntilItHasANewOne() {
    core.install(1, List.of(SELF));
    core.offer("v", SELF.id(), false, HOUR, dead(), "work");
    core.offer("w", SELF.id(), false, HOUR, value(), "other");
    heard.clear();
    core.revive(List.of(new Death("v", "s", 7), new Death("w", "s", 7)));
    core.find("v", "caller");
    core.find("w", "final");
    assertThat(heard).containsExactly("ended final VALUE");
    core.offer("v", SELF.id(), false, HOUR, value(), "again");
    assertThat(heard).containsExactly("ended final VALUE", "concluded again", "ended caller VALUE");
  }

  @Test
  void nobodyWaitsForAMemberWithoutPipelines() {
    core.install(1, List.of(SELF, BARE));
    core.offer("v", SELF.id(), false, HOUR, value(), "work");
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

  @Test
  void whatIsKeptNoLongerIsNotToldBehindWhatIsKeptLonger() {
    core.install(1, List.of(SELF));
    core.offer("v", SELF.id(), false, HOUR, value(), "long");
    core.offer("w", SELF.id(), false, 100_000, value(), "short");
    heard.clear();
    pass(100_000);
    core.join("w", "joins");
    core.find("v", "finds");
    assertThat(heard).containsExactly("unknown joins", "ended finds VALUE");
  }

  /** As long as queues know it, what is published with its id again is dropped. */
  @Test
  void anEndIsKnownForAsLongAsQueuesKnowItsIdHoweverManyComeAfterIt() {
    core.install(1, List.of(SELF));
    core.offer("mine", SELF.id(), true, 1, value(), "work");
    pass(1);
    core.offer("its", SELF.id(), false, HOUR, value(), "work");
    for (int i = 0; i < 100_001; i++) {
      core.offer("v" + i, SELF.id(), false, HOUR, value(), "work");
    }
    heard.clear();
    core.join("its", "gone");
    pass(Definition.DEDUPE.toMillis());
    core.join("mine", "caller");
    assertThat(heard).containsExactly("unknown gone", "ended caller VALUE");
    pass(Keep.LEAST_KEPT);
    core.join("mine", "late");
    assertThat(heard).endsWith("unknown late");
  }

  @Test
  void chosenIdsGoToo() {
    core.install(1, List.of(SELF));
    core.offer("mine", SELF.id(), true, HOUR, value(), "work");
    pass(Keep.LEAST_KEPT);
    for (int i = 0; i < 100_000; i++) {
      core.offer("v" + i, SELF.id(), false, HOUR, value(), "work");
    }
    heard.clear();
    core.join("mine", "caller");
    assertThat(heard).containsExactly("unknown caller");
  }

  /** Its other holder never confirmed it: two members hold it no more, but one did. */
  @Test
  void whoWaitsHearsOfAResultThatExpiresUnconfirmed() {
    core.install(1, List.of(SELF, OTHER));
    core.expect("v", 0, 1, null, "caller");
    core.offer("v", SELF.id(), false, 1, value(), "work");
    assertThat(heard).isEmpty();
    pass(Keep.LEAST_KEPT);
    assertThat(heard).containsExactly("concluded work", "ended caller VALUE");
  }

  /** 1. It dies. 2. It is put back. 3. Its dispatcher, or the next one, tells of its death. */
  private void diesIsPutBackAndItsDeathIsTold() {
    Death death = new Death("v", "s", 7);
    core.install(1, List.of(SELF));
    core.buried(death, SELF.id(), false, HOUR, dead(), "first");
    core.revive(List.of(death));
    core.buried(death, SELF.id(), false, HOUR, dead(), "told late");
    core.find("v", "caller");
  }

  @Test
  void aDeathThatIsToldWhenItsLetterWasPutBackIsNoEnd() {
    diesIsPutBackAndItsDeathIsTold();
    assertThat(heard).containsExactly("concluded first", "concluded told late");
    core.buried(new Death("v", "s", 8), SELF.id(), false, HOUR, dead(), "its next one");
    assertThat(heard).endsWith("concluded its next one", "ended caller DEAD");
    without(Rule.DEATH_OF_ONE_LIFE);
    diesIsPutBackAndItsDeathIsTold();
    assertThat(heard).contains("ended caller DEAD");
  }

  /** 1. One answers. 2. Somebody joins, and it has the result by then. 3. Another answers. */
  private void joinsAQuestionThatIsHalfAnswered() {
    core.install(1, List.of(SELF, OTHER, BARE));
    core.find("v", "finder");
    core.flush();
    answer(OTHER, 1, null);
    core.join("v", "joiner");
    answer(BARE, 1, null);
  }

  @Test
  void whoJoinsAQuestionThatIsHalfAnsweredWaitsForTheNext() {
    joinsAQuestionThatIsHalfAnswered();
    assertThat(heard).isEmpty();
    answer(OTHER, 1, null);
    answer(BARE, 1, null);
    assertThat(heard).containsExactly("unknown joiner");
    without(Rule.ASK_ANEW);
    joinsAQuestionThatIsHalfAnswered();
    assertThat(heard).containsExactly("unknown joiner");
  }

  @Test
  void whoJoinedAQuestionThatIsHalfAnsweredIsTold() {
    joinsAQuestionThatIsHalfAnswered();
    answer(OTHER, 1, value());
    answer(BARE, 1, value());
    assertThat(heard).containsExactly("ended finder VALUE", "ended joiner VALUE");
  }

  /**
   * 1. One answers. 2. The view changes. 3. What it answers now counts, what it answered does not.
   */
  private void isAskedWhileTheViewChanges() {
    core.install(1, List.of(SELF, OTHER, BARE));
    core.join("v", "joiner");
    core.flush();
    long before = Objects.requireNonNull(asked.get(BARE));
    answer(OTHER, 1, null);
    core.install(2, List.of(SELF, OTHER, BARE));
    core.flush();
    answer(BARE, 2, before, null);
  }

  @Test
  void answersOfTheLastViewAreNone() {
    isAskedWhileTheViewChanges();
    assertThat(heard).isEmpty();
    answer(BARE, 2, value());
    answer(OTHER, 2, value());
    assertThat(heard).containsExactly("ended joiner VALUE");
    without(Rule.ASK_ANEW);
    isAskedWhileTheViewChanges();
    assertThat(heard).containsExactly("unknown joiner");
  }

  private void oneMemberKnowsTheEnd() {
    core.install(1, List.of(SELF, OTHER, BARE));
    core.find("v", "finder");
    core.flush();
    answer(OTHER, 1, value());
    answer(BARE, 1, null);
  }

  @Test
  void oneMemberIsNotBelieved() {
    oneMemberKnowsTheEnd();
    assertThat(heard).isEmpty();
    without(Rule.BELIEVE_TWO);
    oneMemberKnowsTheEnd();
    assertThat(heard).containsExactly("ended finder VALUE");
  }

  /**
   * 1. It asks all before it decides in the origin's place. 2. The origin is back. 3. All answer.
   */
  private void theOriginIsBackBeforeAllHaveAnswered() {
    core.install(1, List.of(SELF, BARE));
    Mail.Offer offer = new Mail.Offer(1, "v", OTHER.id(), false, HOUR, value(), null);
    core.received(BARE, 1, mail(List.of(offer), List.of()));
    core.flush();
    core.install(2, List.of(SELF, BARE, OTHER));
    core.flush();
    answer(BARE, 2, null);
    answer(OTHER, 2, null);
  }

  @Test
  void whoWouldDecideInThePlaceOfAnOriginThatIsBackLeavesItToThat() {
    theOriginIsBackBeforeAllHaveAnswered();
    assertThat(sent).contains("inquiry bare").doesNotContain("verdict bare");
    without(Rule.LEAVE_IT_TO_THE_ORIGIN);
    theOriginIsBackBeforeAllHaveAnswered();
    assertThat(sent).contains("verdict bare");
  }

  @Test
  void whoLeavesLetsAllGo() {
    core.install(1, List.of(SELF, OTHER));
    core.find("w", "finder");
    core.offer("v", OTHER.id(), false, HOUR, value(), "work");
    assertThat(core.abandon()).containsExactly("finder", "work");
    assertThat(core.abandon()).isEmpty();
  }
}
