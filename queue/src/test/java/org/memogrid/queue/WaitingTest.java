/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The order of what waits at a home. */
class WaitingTest {
  private final Desk desk =
      new Desk("q", LoneCore.SELF, Rules.all(), () -> 1, QueueCore.CHUNK_BYTES, effect -> {});
  private final QueueState state = new QueueState();
  private final Waiting waiting = new Waiting(desk);
  private long published;

  private Entry enter(@Nullable String key) {
    Letter letter = new Letter("p", ++published, 1, LoneCore.plain(0, 0, key), new byte[1]);
    Entry entry = Objects.requireNonNull(state.apply(new Op.Add(letter, 1, 1)));
    waiting.enter(entry);
    return entry;
  }

  private void purge(Entry entry) {
    var unused = state.apply(new Op.Remove(entry.seq, Op.Reason.PURGED));
    waiting.left(entry);
  }

  @Test
  void whatIsRemovedIsNotKeptBehindAMessageThatNobodyTakes() {
    Entry head = enter(null);
    Entry ofKey = enter("a");
    List<Entry> others = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      others.add(enter(null));
      others.add(enter("a"));
    }
    assertThat(waiting.held()).isEqualTo(2_002);
    others.forEach(this::purge);
    assertThat(waiting.held()).isLessThan(200);
    assertThat(waiting.first(entry -> true)).isSameAs(head);
    purge(head);
    assertThat(waiting.first(entry -> true)).isSameAs(ofKey);
  }

  @Test
  void whatIsHandedOutAndComesBackIsInItsPlaceWhateverCameMeanwhile() {
    Entry first = enter(null);
    Entry second = enter(null);
    Entry third = enter(null);
    for (Entry out : List.of(first, second)) {
      var unused = state.apply(new Op.Hand(out.seq, LoneCore.SELF, 1));
    }
    assertThat(waiting.first(entry -> true)).isSameAs(third);
    enter(null);
    for (Entry back : List.of(first, second)) {
      var unused = state.apply(new Op.Release(back.seq));
      waiting.enter(back);
    }
    List<Long> order = new ArrayList<>();
    for (Entry next = waiting.first(e -> true); next != null; next = waiting.first(e -> true)) {
      order.add(next.seq);
      purge(next);
    }
    assertThat(order).containsExactly(1L, 2L, 3L, 4L);
  }
}
