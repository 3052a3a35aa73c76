/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What of the batches that are on the disk in one {@linkplain Tenure tenure} still counts. Each is
 * one entry there, in a slot of its own. Not thread-safe.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Of all that says something of one key the last batch counts. What is not the last word is
 *       garbage, and so is the end of a message: it says no more than that former words are none.
 *   <li>Batches are let go from the oldest on, when nothing in one counts any more. So the end of a
 *       message never goes before what it ends.
 *   <li>The last one is never let go: it {@linkplain Kept.Batch#first says} which others count. So
 *       it does no harm if one that was let go is there for longer.
 *   <li>A slot is used again when its batch was let go, which replaces that one; or it is removed,
 *       and then never used again, since nobody waits for that.
 * </ul>
 */
final class Batches {
  /** A slot waits until so many others are behind it, in case the engine repeats a write late. */
  static final int SPARE = 8;

  private static final long SLACK_CHUNKS = 32;

  private final Deque<Batch> all = new ArrayDeque<>();
  private final Deque<Long> free = new ArrayDeque<>();

  /** Which says the last of what is no message. */
  private final Map<Object, Word> words = new HashMap<>();

  private final Desk desk;
  private long slots;
  private long bytes;
  private long counting;
  private @Nullable Batch cleaned;

  /** Where the last word on one key is. A message that is put back keeps it. */
  static final class Word {
    private @Nullable Batch batch;
    private int size;
  }

  /** One that is on the disk. Its keys may have been spoken of since. */
  static final class Batch {
    private final Batches of;
    private final long number;
    private final long slot;
    private final List<Object> keys = new ArrayList<>(2);
    private long[] seqs;
    private int messages;
    private int counting;
    private long bytes;

    private Batch(Batches of, long number, long slot, int records) {
      this.of = of;
      this.number = number;
      this.slot = slot;
      this.seqs = new long[records];
    }

    /** The places of the messages that it has. */
    long[] seqs() {
      return seqs;
    }

    /** What else it speaks of. */
    List<Object> keys() {
      return keys;
    }
  }

  Batches(Desk desk) {
    this.desk = desk;
  }

  /** Where the next one goes. */
  long takeSlot() {
    return free.size() > SPARE ? free.remove() : slots++;
  }

  /**
   * The oldest that counts.
   *
   * @param next the number of the one that comes now
   */
  long first(long next) {
    Batch oldest = all.peek();
    return oldest == null ? next : oldest.number;
  }

  /** One is on the disk; what it says is told next, then {@link #letGo} is called. */
  Batch add(long number, long slot, int records) {
    Batch batch = new Batch(this, number, slot, records);
    all.add(batch);
    return batch;
  }

  /**
   * It has a message.
   *
   * @param word on the message so far
   */
  void has(Batch batch, Object key, Word word, long seq, int size) {
    forget(key, word);
    batch.seqs[batch.messages++] = seq;
    say(batch, word, size);
  }

  /** It has something else. */
  void has(Batch batch, Object key, int size) {
    forget(key, null);
    Word word = new Word();
    words.put(key, word);
    batch.keys.add(key);
    say(batch, word, size);
  }

  private void say(Batch batch, Word word, int size) {
    word.batch = batch;
    word.size = size;
    batch.counting++;
    counting += size;
    fill(batch, size);
  }

  /** It says that something is no more. */
  void ends(Batch batch, Object key, @Nullable Word word, int size) {
    forget(key, word);
    fill(batch, size);
  }

  private void fill(Batch batch, int size) {
    batch.bytes += size;
    bytes += size;
  }

  /**
   * What was said of it counts no more.
   *
   * @param word on it, if it was a message
   */
  void forget(Object key, @Nullable Word word) {
    forget(word);
    forget(words.remove(key));
  }

  private void forget(@Nullable Word word) {
    Batch before = word == null ? null : word.batch;
    if (word != null && before != null && before.of == this) {
      before.counting--;
      counting -= word.size;
      word.batch = null;
    }
  }

  /** Whether the last word on a message is there. */
  static boolean isIn(Entry entry, Batch batch) {
    return entry.word != null && entry.word.batch == batch;
  }

  /** The same of what is no message. */
  boolean isIn(Object key, Batch batch) {
    Word word = words.get(key);
    return word != null && word.batch == batch;
  }

  /**
   * Lets go of what does not count any more. To do when the last batch is on the disk, which says
   * that those let go before it do not count.
   *
   * @return slots that are not used again, to be removed
   */
  List<Long> letGo() {
    List<Long> unused = new ArrayList<>();
    while (free.size() > 2 * SPARE) {
      unused.add(free.remove());
    }
    Batch last = all.peekLast();
    if (last != null) {
      last.seqs = Arrays.copyOf(last.seqs, last.messages);
    }
    for (Iterator<Batch> each = all.iterator(); each.hasNext(); ) {
      Batch next = each.next();
      if (next != last && next.counting == 0) {
        each.remove();
        bytes -= next.bytes;
        free.add(next.slot);
      } else if (desk.apply(Rule.LET_GO_FROM_THE_OLDEST_ON)) {
        break;
      }
    }
    return unused;
  }

  /**
   * The oldest, once, if all of it that counts should be written again. There may be as much
   * garbage as there is that counts, and a few batches of it.
   */
  @Nullable Batch toClean() {
    Batch oldest = all.peek();
    if (oldest == null
        || oldest == cleaned
        || bytes <= 2 * counting + SLACK_CHUNKS * desk.chunk()) {
      return null;
    }
    cleaned = oldest;
    return oldest;
  }
}
