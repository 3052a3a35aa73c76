/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/** Who waits for a reply is told once why there will be none: by its home, or by its own clock. */
class RequestEndTest {
  private static final Member SELF = new Member("n0", "n0#1");
  private static final long EXPIRES = 1_000;

  private final Queue<Packet> toSelf = new ArrayDeque<>();
  private final List<Packet.Response> told = new ArrayList<>();
  private final List<Packet.Delivery> begun = new ArrayList<>();
  private long now = 1;
  private final QueueCore core =
      new QueueCore("q", SELF, Rules.all(), () -> now, QueueCore.CHUNK_BYTES, this::perform);

  private void perform(Effect effect) {
    if (effect instanceof Effect.Send send && send.packet() instanceof Packet.Response response) {
      told.add(response);
    } else if (effect instanceof Effect.Send send) {
      toSelf.add(send.packet());
    } else if (effect instanceof Effect.Begin begin) {
      begun.add(begin.delivery());
    }
  }

  private void goOn() {
    core.tick();
    do {
      for (Packet next = toSelf.poll(); next != null; next = toSelf.poll()) {
        core.received(SELF, next);
      }
      core.flush();
    } while (!toSelf.isEmpty());
  }

  private QueueState request() {
    core.install(1, List.of(SELF));
    goOn();
    Traits traits =
        new Traits(
            Traits.NORMAL,
            0,
            EXPIRES,
            null,
            null,
            "correlation",
            SELF.id(),
            Map.of(),
            Traits.Room.AS_QUEUE);
    core.publish(traits, new byte[] {1}, "ticket");
    goOn();
    QueueState copy = Objects.requireNonNull(core.copy(), "the copy of a queue that reigns");
    assertThat(copy.waiting()).isEqualTo(1);
    return copy;
  }

  @Test
  void aRequestThatExpiresIsEndedByItsCallersClockAlone() {
    QueueState copy = request();
    now = EXPIRES;
    goOn();
    assertThat(copy.dead()).isEqualTo(1);
    assertThat(told).isEmpty();
  }

  @Test
  void aRequestThatExpiresWhenItsTurnComesIsEndedByItsCallersClockAlone() {
    QueueState copy = request();
    now = EXPIRES;
    core.subscribe(new Packet.Subscription(1, 1, null));
    goOn();
    assertThat(copy.dead()).isEqualTo(1);
    assertThat(begun).isEmpty();
    assertThat(told).isEmpty();
  }

  @Test
  void aRequestWhoseEveryAttemptFailedIsToldSoOnce() {
    QueueState copy = request();
    core.subscribe(new Packet.Subscription(1, 1, null));
    goOn();
    for (int attempt = 0; attempt < Settings.DEFAULT.attempts(); attempt++) {
      assertThat(begun).hasSize(attempt + 1);
      core.settle(begun.get(attempt).tag(), Packet.Verdict.FAILED, "boom", 0);
      goOn();
    }
    assertThat(copy.dead()).isEqualTo(1);
    assertThat(told)
        .singleElement()
        .satisfies(response -> assertThat(response.error).contains("10 attempts failed"));
    now = EXPIRES;
    goOn();
    assertThat(told).hasSize(1);
  }
}
