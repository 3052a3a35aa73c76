/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.memogrid.internal.wire.WireException.Reason;

/** Two wires whose frames pass when the test says so. */
class MemberWireTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Member A = new Member("a", "1");
  private static final Member B = new Member("b", "2");
  private static final Member C = new Member("c", "3");

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final Queue<Runnable> line = new ArrayDeque<>();
  private final MemberWire a = new MemberWire(view(7, A, A, B), this::fromA, line::add, timer);
  private final MemberWire b = new MemberWire(view(8, B, A, B), this::fromB, line::add, timer);
  private final List<String> heard = new ArrayList<>();

  @AfterEach
  void stopTimer() {
    timer.shutdownNow();
  }

  @Test
  void aRequestIsAnswered() {
    serve(b, in -> in.reply(in.from() + " in view " + in.viewId() + " said " + in.message()));
    CompletableFuture<String> reply = a.request(B, "s", Text.FORMAT, "hello", LONG);
    assertThat(reply).isNotDone();
    pass();
    assertThat(reply).isCompletedWithValue("a in view 7 said hello");
  }

  @Test
  void whoSendsToAServiceThatWasNeverThereIsTold() {
    List<Member> missing = new ArrayList<>();
    Registration registration = a.onMissing("s", missing::add);
    a.send(B, "s", Text.FORMAT, "early");
    pass();
    assertThat(missing).as("it may still come").isEmpty();
    b.open();
    pass();
    assertThat(missing).containsExactly(B);
    a.send(B, "s", Text.FORMAT, "late");
    pass();
    assertThat(missing).containsExactly(B, B);
    registration.close();
    a.send(B, "s", Text.FORMAT, "to nobody");
    pass();
    assertThat(missing).hasSize(2);
  }

  /** Its member leaves, and will be gone in the next view. */
  @Test
  void aServiceThatHasEndedIsNotCalledMissing() {
    List<Member> missing = new ArrayList<>();
    var unused = a.onMissing("s", missing::add);
    Registration service = b.serve("s", Text.FORMAT, in -> heard.add(in.message()));
    b.open();
    service.close();
    a.send(B, "s", Text.FORMAT, "late");
    pass();
    assertThat(missing).isEmpty();
    assertThat(heard).isEmpty();
  }

  @Test
  void messagesArriveInOrder() {
    serve(b, in -> heard.add(in.message()));
    List<String> sent = IntStream.range(0, 100).mapToObj(Integer::toString).toList();
    sent.forEach(text -> a.send(B, "s", Text.FORMAT, text));
    pass();
    assertThat(heard).isEqualTo(sent);
  }

  @Test
  void messagesWaitForTheirService() {
    a.send(B, "s", Text.FORMAT, "early");
    CompletableFuture<String> reply = a.request(B, "s", Text.FORMAT, "question", LONG);
    pass();
    serve(
        b,
        in -> {
          heard.add(in.message());
          if (in.wantsReply()) {
            in.reply("answer");
          }
        });
    a.send(B, "s", Text.FORMAT, "late");
    pass();
    assertThat(heard).containsExactly("early", "question", "late");
    assertThat(reply).isCompletedWithValue("answer");
  }

  @Test
  void whatComesWhileTheServiceStartsStaysInLine() {
    a.send(B, "s", Text.FORMAT, "first");
    pass();
    serve(
        b,
        in -> {
          heard.add(in.message());
          if (in.message().equals("first")) {
            a.send(B, "s", Text.FORMAT, "while starting");
            pass();
            heard.add("first is done");
          }
        });
    assertThat(heard).containsExactly("first", "first is done", "while starting");
  }

  @Test
  void anOpenMemberRefusesWhatItDoesNotServe() {
    CompletableFuture<String> early = a.request(B, "nothing", Text.FORMAT, "x", LONG);
    pass();
    assertThat(early).isNotDone();
    b.open();
    CompletableFuture<String> late = a.request(B, "nothing", Text.FORMAT, "x", LONG);
    a.send(B, "nothing", Text.FORMAT, "dropped");
    pass();
    for (CompletableFuture<String> reply : List.of(early, late)) {
      assertFailed(reply, Reason.NO_SUCH_SERVICE, "member b, service 'nothing'");
    }
  }

  @Test
  void aServiceThatEndedIsNoServiceAndMayBeServedAgain() {
    b.open();
    Registration first = b.serve("s", Text.FORMAT, in -> in.reply("first"));
    assertThatThrownBy(() -> b.serve("s", Text.FORMAT, in -> {}).close())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'s' is served already");
    first.close();
    CompletableFuture<String> between = a.request(B, "s", Text.FORMAT, "x", LONG);
    pass();
    assertFailed(between, Reason.NO_SUCH_SERVICE, "member b");
    serve(b, in -> in.reply("second"));
    first.close();
    CompletableFuture<String> after = a.request(B, "s", Text.FORMAT, "x", LONG);
    pass();
    assertThat(after).isCompletedWithValue("second");
  }

  @Test
  void aMemberThatLeavesFailsItsRequestsAtOnce() {
    CompletableFuture<String> toB = a.request(B, "s", Text.FORMAT, "x", LONG);
    CompletableFuture<String> toC = a.request(C, "s", Text.FORMAT, "x", LONG);
    a.onView(view(9, A, A));
    assertFailed(toB, Reason.MEMBER_LEFT, "the member left");
    assertThat(toC).as("C was in no view: it may be on its way").isNotDone();
    assertFailed(a.request(B, "s", Text.FORMAT, "x", LONG), Reason.MEMBER_LEFT, "member b");
  }

  @Test
  void aMemberThatCameBackIsThere() {
    a.onView(view(9, A, A));
    a.onView(view(10, A, A, B));
    serve(b, in -> in.reply("back"));
    CompletableFuture<String> reply = a.request(B, "s", Text.FORMAT, "x", LONG);
    pass();
    assertThat(reply).isCompletedWithValue("back");
  }

  @Test
  void aDeadlinePasses() {
    CompletableFuture<String> reply = a.request(B, "s", Text.FORMAT, "x", Duration.ofMillis(20));
    assertThatThrownBy(() -> reply.get(60, TimeUnit.SECONDS))
        .hasMessageContaining("no answer within PT0.02S");
    serve(b, in -> in.reply("too late"));
    pass();
    assertFailed(reply, Reason.DEADLINE, "member b");
  }

  @Test
  void anEndedWireFailsAllRequests() {
    CompletableFuture<String> before = a.request(B, "s", Text.FORMAT, "x", LONG);
    a.close();
    assertFailed(before, Reason.CLOSED, "join again");
    assertFailed(a.request(B, "s", Text.FORMAT, "x", LONG), Reason.CLOSED, "join again");
    a.send(B, "s", Text.FORMAT, "nowhere");
    a.send(A, "s", Text.FORMAT, "nowhere");
  }

  @Test
  void aHandlerThatThrowsAnswersAndLivesOn() {
    serve(
        b,
        in -> {
          if (in.message().equals("bad")) {
            throw new IllegalArgumentException("no good");
          }
          in.reply("fine");
        });
    CompletableFuture<String> bad = a.request(B, "s", Text.FORMAT, "bad", LONG);
    a.send(B, "s", Text.FORMAT, "bad");
    CompletableFuture<String> good = a.request(B, "s", Text.FORMAT, "good", LONG);
    pass();
    assertFailed(bad, Reason.HANDLER_FAILED, "no good");
    assertThat(good).isCompletedWithValue("fine");
  }

  @Test
  void toSelfTakesTheSameWay() {
    serve(
        a,
        in -> {
          heard.add(in.message());
          in.reply(in.from().name());
        });
    CompletableFuture<String> reply = a.request(A, "s", Text.FORMAT, "me", LONG);
    assertThat(heard).as("not on the sender's thread, which may hold a lock").isEmpty();
    pass();
    assertThat(reply).isCompletedWithValue("a");
  }

  @Test
  void aReplyToAOneWayMessageGoesNowhere() {
    serve(b, in -> in.reply("unasked"));
    a.send(B, "s", Text.FORMAT, "x");
    line.remove().run();
    assertThat(line).isEmpty();
  }

  @Test
  void aFrameThatCanNotBeReadHurtsNobody() {
    a.onFrame(B, new byte[] {77}, 0, 1);
    a.onFrame(B, new byte[0], 0, 0);
    aRequestIsAnswered();
  }

  @Test
  void anAnswerIsTakenOnce() {
    serve(
        b,
        in -> {
          in.reply("one");
          in.reply("two");
        });
    CompletableFuture<String> reply = a.request(B, "s", Text.FORMAT, "x", LONG);
    pass();
    assertThat(reply).isCompletedWithValue("one");
  }

  private static void assertFailed(CompletableFuture<String> reply, Reason reason, String text) {
    assertThat(reply).isCompletedExceptionally();
    assertThatThrownBy(reply::join)
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOf(WireException.class)
        .hasMessageContaining(text)
        .extracting(cause -> ((WireException) cause).reason())
        .isEqualTo(reason);
  }

  private static void serve(MemberWire wire, Wire.Handler<String> handler) {
    var unused = wire.serve("s", Text.FORMAT, handler);
  }

  private void pass() {
    for (Runnable next = line.poll(); next != null; next = line.poll()) {
      next.run();
    }
  }

  private void fromA(Member to, byte[] frame) {
    if (to.equals(B)) {
      line.add(() -> b.onFrame(A, frame, 0, frame.length));
    }
  }

  private void fromB(Member to, byte[] frame) {
    if (to.equals(A)) {
      line.add(() -> a.onFrame(B, frame, 0, frame.length));
    }
  }

  private static Membership view(long id, Member self, Member... members) {
    return new Membership(id, List.of(members), self);
  }

  @Test
  void aRequestOfAMemberWhoseTimerHasEndedFailsAndIsForgotten() {
    timer.shutdownNow();
    CompletableFuture<String> reply = a.request(B, "s", Text.FORMAT, "late", LONG);
    assertThatThrownBy(reply::join)
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(WireException.class)
        .hasMessageContaining("join again");
    assertThat(a.waiting()).isZero();
  }
}
