/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/** A new home and the member that has the queue, of which the test is the second. */
class RecoveryTest {
  private static final List<Member> BOTH =
      Placement.rank("q", List.of(new Member("n0", "n0#1"), new Member("n1", "n1#1")));
  private static final Member SELF = BOTH.get(0);
  private static final Member OTHER = BOTH.get(1);

  private final List<Packet> sent = new ArrayList<>();
  private final List<Packet> toSelf = new ArrayList<>();
  private final QueueState copy = new QueueState();
  private long now = 1_000;
  private final QueueCore core =
      new QueueCore("q", SELF, Rules.all(), () -> now, QueueCore.CHUNK_BYTES, this::perform);

  RecoveryTest() {
    copy.reign(new Epoch(1, OTHER.id()));
    for (int number = 1; number <= 3; number++) {
      var unused =
          copy.apply(
              new Op.Add(new Letter(OTHER.id(), number, 1, Traits.PLAIN, new byte[1]), number, 1));
    }
  }

  private void perform(Effect effect) {
    if (effect instanceof Effect.Send send) {
      (send.to().equals(SELF) ? toSelf : sent).add(send.packet());
    }
  }

  private void goOn() {
    do {
      while (!toSelf.isEmpty()) {
        core.received(SELF, toSelf.remove(0));
      }
      core.flush();
    } while (!toSelf.isEmpty());
  }

  private <P extends Packet> P last(Class<P> kind) {
    return sent.stream()
        .filter(kind::isInstance)
        .map(kind::cast)
        .reduce((first, second) -> second)
        .orElseThrow();
  }

  private Epoch begin() {
    core.install(5, BOTH);
    Packet.Collect collect = last(Packet.Collect.class);
    Epoch epoch = collect.epoch();
    core.received(OTHER, held(epoch, holding()));
    return epoch;
  }

  private Packet.Holding holding() {
    return new Packet.Holding(
        copy.epoch(), copy.position(), copy.lineage(), copy.lastBorn(), copy.nextSeq(), null);
  }

  private static Packet.Held held(Epoch epoch, Packet.@Nullable Holding holding) {
    return new Packet.Held(epoch, epoch, holding, Epoch.NONE);
  }

  private void silence(int ticks) {
    for (int i = 0; i < ticks; i++) {
      now += 500;
      core.tick();
      goOn();
    }
  }

  private Packet.Chunk chunk(Epoch epoch, long cursor, int messages) {
    List<Entry> entries = copy.after(cursor, 1 << 20).stream().limit(messages).toList();
    return new Packet.Chunk(
        epoch, cursor, cursor == 0 ? copy.head() : null, entries, entries.isEmpty());
  }

  @Test
  void partsThatAreSlowerThanItsPatienceBringItToItsEnd() {
    Epoch epoch = begin();
    for (int cursor = 0; cursor <= 3; cursor++) {
      silence(3);
      assertThat(last(Packet.Collect.class)).isEqualTo(new Packet.Collect(epoch));
      assertThat(last(Packet.Fetch.class)).isEqualTo(new Packet.Fetch(epoch, cursor));
      core.received(OTHER, chunk(epoch, cursor, 1));
    }
    assertThat(core.isReigning()).isTrue();
    QueueState own = Objects.requireNonNull(core.copy());
    assertThat(own.waiting()).isEqualTo(3);
  }

  @Test
  void aPartThatNeverCameIsAskedForAgainAndWhatCameIsKept() {
    Epoch epoch = begin();
    core.received(OTHER, chunk(epoch, 0, 2));
    sent.clear();
    silence(40);
    assertThat(sent.stream().filter(p -> p.equals(new Packet.Fetch(epoch, 2))))
        .as("after 5 s and 15 s")
        .hasSize(2);
    core.received(OTHER, chunk(epoch, 2, 1));
    core.received(OTHER, chunk(epoch, 3, 1));
    assertThat(core.isReigning()).isTrue();
  }

  @Test
  void allAreAskedAnewWhenTheCopyIsThereNoMore() {
    Epoch epoch = begin();
    core.received(OTHER, held(epoch, null));
    silence(1);
    Packet.Collect again = last(Packet.Collect.class);
    assertThat(epoch.isBefore(again.epoch())).isTrue();
    core.received(OTHER, held(again.epoch(), null));
    assertThat(core.isReigning()).isTrue();
  }

  /** Two sides of a split meet; the queue was opened on the one whose copy is not gone on with. */
  @Test
  void theSettingsOfTheOtherSideOfASplitGoOnIfThisOneHasNone() {
    core.install(4, List.of(SELF));
    goOn();
    for (int number = 0; number < 20; number++) {
      core.publish(Traits.PLAIN, new byte[1], number);
      goOn();
    }
    core.install(5, BOTH);
    goOn();
    Settings settings = Settings.DEFAULT;
    Packet.Holding its =
        new Packet.Holding(
            copy.epoch(),
            copy.position(),
            copy.lineage(),
            copy.lastBorn(),
            copy.nextSeq(),
            settings);
    core.received(OTHER, held(last(Packet.Ready.class).epoch(), its));
    goOn();
    core.received(OTHER, held(last(Packet.Collect.class).epoch(), its));
    goOn();
    Epoch epoch = last(Packet.Fetch.class).epoch();
    core.received(OTHER, chunk(epoch, 0, 9));
    core.received(OTHER, chunk(epoch, 3, 9));
    goOn();
    QueueState own = Objects.requireNonNull(core.copy());
    assertThat(own.waiting()).as("those of both sides").isEqualTo(23);
    assertThat(own.settings()).isEqualTo(settings);
  }

  /**
   * The race: 1. the home leaves; 2. this member, which has the only other copy, leaves before the
   * next home has taken it.
   */
  @Test
  void whoHasACopyLeavesWhenTheNextHomeHasIt() {
    Epoch old = new Epoch(3, "gone#1");
    Member gone = new Member("gone", "gone#1");
    QueueCore backup =
        new QueueCore("q", OTHER, Rules.all(), () -> now, QueueCore.CHUNK_BYTES, effect -> {});
    backup.install(3, List.of(SELF, OTHER, gone));
    backup.received(gone, new Packet.Ready(old, old));
    backup.received(
        gone,
        new Packet.Replicate(
            old, old, 1, new Packet.Reset(copy.head()), List.of(), List.of(), true));
    assertThat(backup.isQuiet()).isTrue();
    backup.install(4, BOTH);
    assertThat(backup.isQuiet()).as("nobody else has it").isFalse();
    backup.received(SELF, new Packet.Ready(new Epoch(4, SELF.id()), old));
    assertThat(backup.isQuiet()).isTrue();
  }

  /**
   * The race: 1. a member hears who is home; 2. late, it installs a view without that one, and
   * forgets; 3. it installs the one with it, and calls.
   */
  @Test
  void aHomeThatIsCalledThoughItReignsSaysSoAgain() {
    Epoch epoch = begin();
    core.received(OTHER, chunk(epoch, 0, 3));
    core.received(OTHER, chunk(epoch, 3, 3));
    goOn();
    assertThat(core.isReigning()).isTrue();
    sent.clear();
    core.received(OTHER, held(Epoch.NONE, null));
    goOn();
    assertThat(last(Packet.Ready.class).epoch()).isEqualTo(epoch);
    assertThat(core.isReigning()).isTrue();
  }
}
