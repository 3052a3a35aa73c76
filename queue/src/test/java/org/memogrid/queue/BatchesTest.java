/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Member;

/** What a home's batches leave on the disk: all that counts, and not much more. */
class BatchesTest {
  private static final Persist PLACE = Persist.file(Path.of("/spool"));
  private static final Epoch REIGN = new Epoch(3, "n0#1");
  private static final int CHUNK = 1_000;
  private static final Traits ONCE =
      new Traits(Traits.NORMAL, 0, 0, null, "once", null, null, Map.of(), Traits.Room.AS_QUEUE);

  /** Eight chunks are a batch, of some 160 bytes a message; with what Batches leaves alone. */
  private static final int FEW = 5 + 3 + 3 * Batches.SPARE;

  /** The batches of a message and its end each, so many bytes of which are left alone. */
  private static final int LEFT_ALONE = 32 * CHUNK / (16 + 112 + 32 + 64) * 2 + FEW;

  private final Map<Long, byte[]> disk = new TreeMap<>();
  private final Queue<Effect.Keep> underWay = new ArrayDeque<>();
  private final QueueState state = new QueueState();
  private long now = 1_000;
  private final Desk desk =
      new Desk("q", new Member("n0", "n0#1"), Rules.all(), () -> now, CHUNK, this::perform);
  private Spool spool;
  private long published;
  private int written;

  BatchesTest() {
    state.reign(REIGN);
    spool = new Spool(desk, PLACE, REIGN, state, false);
    spool.holders(REIGN, Set.of("n0#1"));
    write();
  }

  private void perform(Effect effect) {
    if (effect instanceof Effect.Keep keep) {
      underWay.add(keep);
    } else if (effect instanceof Effect.Drop drop) {
      drop.slots().forEach(slot -> assertThat(disk.remove(slot)).isNotNull());
    }
  }

  private Entry apply(Op op) {
    Entry entry = state.apply(op);
    spool.note(op, entry);
    return requireNonNull(entry);
  }

  private Entry publish(Traits traits) {
    return apply(new Op.Add(new Letter("p", ++published, now, traits, new byte[16]), now, 1));
  }

  private void end(Entry entry) {
    Entry unused = apply(new Op.Remove(entry.seq, Op.Reason.HANDLED));
  }

  private void comeAndGo(int messages) {
    for (int i = 0; i < messages; i++) {
      Entry goes = publish(Traits.PLAIN);
      write();
      end(goes);
      write();
    }
  }

  /** All that is to be. */
  private void write() {
    spool.flush();
    while (writeNext()) {}
    assertThat(spool.isClear()).isTrue();
  }

  private boolean writeNext() {
    Effect.Keep keep = underWay.poll();
    if (keep == null) {
      return false;
    }
    Kept.Batch batch = keep.batch();
    if (batch != null) {
      written++;
      disk.put(batch.slot(), KeptFormat.write(batch));
    }
    spool.written(keep.number(), null);
    spool.flush();
    return true;
  }

  private QueueState read() {
    QueueState copy = new QueueState();
    List<Kept> all = disk.values().stream().map(KeptFormat::read).toList();
    new Stock(desk, all).into(copy, new Epoch(4, "n1#1"), Set.of());
    return copy;
  }

  private static Set<Long> numbers(QueueState state) {
    Set<Long> numbers = new TreeSet<>();
    state.forEach(entry -> numbers.add(entry.letter.number));
    return numbers;
  }

  @Test
  void whatIsReadIsWhatIsThereWhateverHappensToIt() {
    Random random = new Random(7);
    List<Entry> there = new ArrayList<>();
    for (int round = 0; round < 500; round++) {
      for (int i = random.nextInt(30); i > 0; i--) {
        there.add(publish(Traits.PLAIN));
      }
      for (int i = random.nextInt(30); i > 0 && !there.isEmpty(); i--) {
        Entry one = there.remove(random.nextInt(Math.min(40, there.size())));
        switch (random.nextInt(10)) {
          case 0 ->
              there.add(0, apply(new Op.Fail(one.seq, new Attempt(now, "n0", "not yet"), now)));
          case 1 -> {
            Entry unused = apply(new Op.Bury(one.seq, "never", now));
            there.add(apply(new Op.Revive(one.seq)));
          }
          default -> end(one);
        }
      }
      if (random.nextInt(3) > 0) {
        write();
        assertThat(numbers(read())).isEqualTo(numbers(state));
      }
    }
    there.forEach(this::end);
    write();
    assertThat(numbers(read())).isEmpty();
    Entry next = publish(Traits.PLAIN); // says that what went before does not count
    write();
    assertThat(numbers(read())).containsExactly(next.letter.number);
    assertThat(disk.size()).isLessThan(FEW);
  }

  /** Dead letters are for long, and so is the end of what came and went behind them. */
  @Test
  void oneThatStaysDoesNotKeepWhatCameBehindIt() {
    Entry stays = publish(Traits.PLAIN);
    write();
    int most = 0;
    for (int i = 0; i < 1_000; i++) {
      comeAndGo(10);
      most = Math.max(most, disk.size());
    }
    assertThat(numbers(read())).containsExactly(stays.letter.number);
    assertThat(most).isLessThan(LEFT_ALONE);
    assertThat(written).isLessThan(20_000 + 500);
  }

  /** A home finds it in its copy, writes it, and does not know yet that it has written all. */
  @Test
  void oneThatEndsWhileAllIsWrittenAnewDoesNotKeepTheOthers() {
    Entry found = publish(Traits.PLAIN);
    write();
    disk.clear();
    spool = new Spool(desk, PLACE, REIGN, state, false);
    spool.holders(REIGN, Set.of("n0#1"));
    spool.flush();
    while (!saysThatAllIsWritten()) {
      assertThat(writeNext()).isTrue();
    }
    end(found);
    write();
    comeAndGo(1_000);
    assertThat(numbers(read())).isEmpty();
    assertThat(disk.size()).isLessThan(LEFT_ALONE);
  }

  private boolean saysThatAllIsWritten() {
    Effect.Keep next = underWay.peek();
    Kept.Batch batch = next == null ? null : next.batch();
    return batch != null
        && batch.what().stream().anyMatch(each -> each instanceof Kept.Head head && head.moved());
  }

  @Test
  void whatWasManyMessagesIsFewBatchesWhenTheyHaveEnded() {
    List<Entry> many = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      many.add(publish(Traits.PLAIN));
    }
    write();
    int most = disk.size();
    many.forEach(
        each -> {
          end(each);
          if (each.seq % 100 == 0) {
            write();
          }
        });
    write();
    assertThat(most).isGreaterThan(300);
    assertThat(numbers(read())).isEmpty();
    assertThat(disk.size()).isLessThan(FEW);
  }

  @Test
  void aDedupeIdIsThereUntilItMayBeForgottenAndNoLonger() {
    Entry first = publish(ONCE);
    write();
    end(first);
    write();
    comeAndGo(1_000);
    assertThat(read().hasId("once")).isTrue();
    now += state.settingsOrDefault().dedupeWindow() + 1;
    assertThat(read().hasId("once")).isFalse();
    assertThat(state.apply(new Op.ForgetIds(now))).isNull();
    comeAndGo(1_000);
    assertThat(disk.size()).isLessThan(LEFT_ALONE);
  }
}
