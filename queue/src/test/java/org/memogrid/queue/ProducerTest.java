/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/** A member's sending side, between two homes. */
class ProducerTest {
  private static final Member ONE = new Member("n1", "n1#1");
  private static final Member OTHER = new Member("n2", "n2#1");

  private final List<Effect.Published> told = new ArrayList<>();
  private final List<Packet> sent = new ArrayList<>();
  private final QueueCore core =
      new QueueCore("q", LoneCore.SELF, Rules.all(), () -> 1, QueueCore.CHUNK_BYTES, this::perform);

  private void perform(Effect effect) {
    if (effect instanceof Effect.Published published) {
      told.add(published);
    } else if (effect instanceof Effect.Send send) {
      sent.add(send.packet());
    }
  }

  private Epoch reigns(Member home, long number) {
    Epoch epoch = new Epoch(number, home.id());
    core.received(home, new Packet.Ready(epoch, Epoch.NONE));
    core.flush();
    return epoch;
  }

  private static Packet.Refused full(long number) {
    return new Packet.Refused(number, Packet.Refusal.FULL, "it is full");
  }

  /**
   * The race: 1. a home refuses a message, and the member learns of the next home; 2. that one is
   * sent it, and has room; 3. the refusal of the first comes.
   */
  @Test
  void whatAnOldHomeRefusedAndTheNextTakesIsIn() {
    core.install(1, List.of(ONE));
    Epoch first = reigns(ONE, 1);
    core.publish(Traits.PLAIN, new byte[1], "ticket");
    core.flush();
    core.install(2, List.of(OTHER));
    Epoch second = reigns(OTHER, 2);
    assertThat(sent).filteredOn(Packet.Enqueue.class::isInstance).hasSize(2);
    core.received(ONE, new Packet.Enqueued(first, List.of(), List.of(full(1))));
    assertThat(told).isEmpty();
    core.received(OTHER, new Packet.Enqueued(second, List.of(1L), List.of()));
    assertThat(told).containsExactly(new Effect.Published("ticket", null, null));
  }

  @Test
  void aRefusalOfTheHomeIsOne() {
    core.install(1, List.of(ONE));
    Epoch first = reigns(ONE, 1);
    core.publish(Traits.PLAIN, new byte[1], "ticket");
    core.received(ONE, new Packet.Enqueued(first, List.of(), List.of(full(1))));
    assertThat(told)
        .containsExactly(new Effect.Published("ticket", "it is full", Packet.Refusal.FULL));
  }
}
