/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One copy of a queue: what its operations, applied in order, have made of it. Not thread-safe.
 *
 * <p>Invariant: {@link #apply} is a function of the state and the operation alone, so that the
 * copies of one reign are equal at equal positions.
 */
final class QueueState {
  private static final long MOST_SEEN = 1L << 28;

  private final Entries entries = new Entries();
  private final Map<String, Seen> producers;
  private final LinkedHashMap<String, Long> ids;
  private Lineage lineage;
  private Doubts doubts;
  private final Totals totals;
  private long nextSeq;
  private long position;
  private boolean paused;
  private @Nullable Settings settings;
  private Epoch lastBorn;
  private long waiting;
  private long handed;
  private long dead;

  /** All but the entries, as it travels. Shares nothing that changes. */
  record Head(
      long nextSeq,
      long position,
      boolean paused,
      @Nullable Settings settings,
      Epoch lastBorn,
      Lineage lineage,
      Doubts doubts,
      Map<String, Seen> producers,
      Map<String, Long> ids,
      Totals totals) {
    @Override
    public String toString() {
      return "head at " + position + " of " + lineage;
    }
  }

  QueueState() {
    this(
        new Head(
            1,
            0,
            false,
            null,
            Epoch.NONE,
            Lineage.NONE,
            Doubts.NONE,
            Map.of(),
            Map.of(),
            new Totals()));
  }

  QueueState(Head head) {
    this.nextSeq = head.nextSeq;
    this.position = head.position;
    this.paused = head.paused;
    this.settings = head.settings;
    this.lastBorn = head.lastBorn;
    this.lineage = head.lineage;
    this.doubts = head.doubts;
    this.producers = copy(head.producers);
    this.ids = new LinkedHashMap<>(head.ids);
    this.totals = head.totals.copy();
  }

  private static Map<String, Seen> copy(Map<String, Seen> producers) {
    Map<String, Seen> copy = new HashMap<>();
    producers.forEach((producer, its) -> copy.put(producer, new Seen(its.base(), its.above())));
    return copy;
  }

  Head head() {
    return new Head(
        nextSeq,
        position,
        paused,
        settings,
        lastBorn,
        lineage,
        doubts,
        copy(producers),
        new LinkedHashMap<>(ids),
        totals.copy());
  }

  // ---- reading

  /** The reign that it is of. */
  Epoch epoch() {
    return lineage.epoch();
  }

  Lineage lineage() {
    return lineage;
  }

  Doubts doubts() {
    return doubts;
  }

  /** How many operations it has seen. */
  long position() {
    return position;
  }

  /** The place that the next message gets. */
  long nextSeq() {
    return nextSeq;
  }

  /** The reign in which the last message came in. */
  Epoch lastBorn() {
    return lastBorn;
  }

  boolean isPaused() {
    return paused;
  }

  @Nullable Settings settings() {
    return settings;
  }

  Settings settingsOrDefault() {
    Settings own = settings;
    return own == null ? Settings.DEFAULT : own;
  }

  Totals totals() {
    return totals;
  }

  long waiting() {
    return waiting;
  }

  long handed() {
    return handed;
  }

  long dead() {
    return dead;
  }

  /** Waiting and handed out. */
  long live() {
    return waiting + handed;
  }

  @Nullable Entry get(long seq) {
    return entries.get(seq);
  }

  List<Entry> after(long cursor, int budget) {
    return entries.after(cursor, budget);
  }

  @Nullable Entry first(Predicate<Entry> which) {
    return entries.first(which);
  }

  void forEach(Consumer<Entry> visitor) {
    entries.forEach(visitor);
  }

  boolean hasSeen(String producer, long number) {
    Seen seen = producers.get(producer);
    return seen != null && seen.has(number);
  }

  /** Whether it came in, if the copy still knows exactly. */
  boolean hasSeenFor(Letter letter) {
    Seen seen = producers.get(letter.producer);
    return seen != null && letter.number >= seen.base() && seen.has(letter.number);
  }

  boolean hasId(String dedupeId) {
    return ids.containsKey(dedupeId);
  }

  /** When the oldest dedupe id came; null if there is none. */
  @Nullable Long oldestId() {
    return ids.isEmpty() ? null : ids.values().iterator().next();
  }

  /** Dedupe ids and when they came. */
  Map<String, Long> ids() {
    return ids;
  }

  List<String> producers() {
    return List.copyOf(producers.keySet());
  }

  // ---- changing

  /** Begins a reign. */
  void reign(Epoch epoch) {
    var unused = apply(new Op.Reign(epoch));
  }

  /** Takes an entry that another copy has. */
  void put(Entry entry) {
    Entry before = entries.put(entry);
    if (before != null) {
      count(before.status, -1);
      before.status = Entry.Status.GONE;
    }
    count(entry.status, 1);
    nextSeq = Math.max(nextSeq, entry.seq + 1);
  }

  /**
   * Takes a message that the spool has, behind those that are here. It was out, as far as anybody
   * knows.
   */
  void takeIn(Entry kept, Epoch reign) {
    Entry entry = new Entry(Math.max(nextSeq, kept.seq), reign, kept.letter);
    entry.status = kept.status == Entry.Status.DEAD ? kept.status : Entry.Status.WAITING;
    entry.hands = Math.max(1, kept.hands);
    entry.failures = kept.failures;
    entry.crashes = kept.crashes;
    entry.notBefore = kept.notBefore;
    entry.history = kept.history;
    entry.cause = kept.cause;
    entry.diedAt = kept.diedAt;
    lastBorn = reign;
    put(entry);
  }

  /**
   * A message that came in, of a producer that is still there and may send it again. Numbers too
   * high for the bits that tell are not remembered.
   */
  void takeInSeen(Origin origin) {
    if (origin.number() < MOST_SEEN) {
      producers.computeIfAbsent(origin.producer(), p -> new Seen()).add(origin.number());
    }
  }

  /** Dedupe ids that the spool has. */
  void takeInIds(Map<String, Long> more) {
    Map<String, Long> all = new HashMap<>(more);
    ids.forEach((id, at) -> all.merge(id, at, Math::max));
    ids.clear();
    all.entrySet().stream()
        .sorted(
            Map.Entry.<String, Long>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
        .forEach(each -> ids.put(each.getKey(), each.getValue()));
  }

  /** The queue was paused when it was kept. */
  void takeInPause() {
    paused = true;
  }

  /**
   * Changes it.
   *
   * @return the message that it was about, the new one if it comes in again; null if there is none
   */
  @Nullable Entry apply(Op op) {
    position++;
    if (op instanceof Op.Add add) {
      return add(add);
    }
    if (op instanceof Op.OfMessage of) {
      Entry entry = entries.get(of.seq());
      total(of);
      if (of instanceof Op.Revive) {
        return revive(entry);
      }
      if (entry != null) {
        change(entry, of);
      }
      return entry;
    }
    if (op instanceof Op.Reign reign) {
      doubts = doubts.under(reign.epoch().home(), epoch().home());
      lineage = lineage.with(reign.epoch(), nextSeq);
    } else if (op instanceof Op.Unite unite) {
      lineage = lineage.uniting(unite.epochs());
    } else if (op instanceof Op.Ahead ahead) {
      doubts = doubts.ahead(ahead.may());
    } else if (op instanceof Op.Doubt doubt) {
      doubts = doubts.with(doubt.home());
    } else if (op instanceof Op.Pause pause) {
      paused = pause.paused();
    } else if (op instanceof Op.Define define) {
      settings = define.settings();
    } else if (op instanceof Op.Gone gone) {
      producers.remove(gone.producer());
    } else if (op instanceof Op.ForgetIds forget) {
      forget(forget.before());
    }
    return null;
  }

  private Entry add(Op.Add add) {
    Letter letter = add.letter();
    Seen seen = producers.computeIfAbsent(letter.producer, p -> new Seen());
    seen.settledBelow(add.settledBelow());
    seen.add(letter.number);
    String id = letter.traits.dedupeId();
    if (id != null) {
      ids.put(id, add.at());
    }
    totals.published++;
    return enter(letter);
  }

  private Entry enter(Letter letter) {
    lastBorn = epoch();
    Entry entry = new Entry(nextSeq++, lastBorn, letter);
    entries.put(entry);
    count(entry.status, 1);
    return entry;
  }

  private void total(Op.OfMessage op) {
    if (op instanceof Op.Bury) {
      totals.buried++;
    } else if (op instanceof Op.Remove remove) {
      if (remove.reason() == Op.Reason.HANDLED) {
        totals.handled++;
      } else if (remove.reason() == Op.Reason.DROPPED) {
        totals.dropped++;
      }
    }
  }

  private void change(Entry entry, Op.OfMessage op) {
    if (op instanceof Op.Hand hand) {
      entry.hands++;
      if (entry.hands > 1) {
        totals.redelivered++;
      }
      entry.handing =
          new Entry.Handing(
              new Tag(epoch(), entry.seq, entry.hands), hand.member(), hand.subscription());
      become(entry, Entry.Status.HANDED);
    } else if (op instanceof Op.Remove) {
      leave(entry);
    } else if (op instanceof Op.Fail fail) {
      entry.failures++;
      entry.notBefore = fail.notBefore();
      note(entry, fail.attempt());
      become(entry, Entry.Status.WAITING);
    } else if (op instanceof Op.Release) {
      become(entry, Entry.Status.WAITING);
    } else if (op instanceof Op.Crash crash) {
      entry.crashes++;
      note(entry, crash.attempt());
      become(entry, Entry.Status.WAITING);
    } else if (op instanceof Op.Recall recall) {
      entry.hands = recall.hands();
      entry.failures = recall.failures();
      entry.crashes = recall.crashes();
      entry.history = recall.history();
    } else if (op instanceof Op.Bury bury) {
      entry.cause = bury.cause();
      entry.diedAt = bury.at();
      become(entry, Entry.Status.DEAD);
    }
  }

  private @Nullable Entry revive(@Nullable Entry dead) {
    if (dead == null) {
      nextSeq++; // the place is taken, though this copy has not come to the message yet
      return null;
    }
    leave(dead);
    Entry again = enter(dead.letter.atOnceAndForEver());
    again.hands = dead.hands;
    again.history = dead.history;
    again.word = dead.word;
    return again;
  }

  /** The last ones are kept. */
  private static void note(Entry entry, Attempt attempt) {
    List<Attempt> history = new ArrayList<>(entry.history);
    history.add(attempt);
    entry.history = List.copyOf(history.subList(Math.max(0, history.size() - 20), history.size()));
  }

  private void leave(Entry entry) {
    entries.remove(entry.seq);
    become(entry, Entry.Status.GONE);
  }

  private void become(Entry entry, Entry.Status next) {
    count(entry.status, -1);
    entry.status = next;
    count(next, 1);
    if (next != Entry.Status.HANDED) {
      entry.handing = null;
    }
  }

  private void count(Entry.Status status, int by) {
    switch (status) {
      case WAITING -> waiting += by;
      case HANDED -> handed += by;
      case DEAD -> dead += by;
      case GONE -> {}
    }
  }

  private void forget(long before) {
    for (Iterator<Long> times = ids.values().iterator(); times.hasNext(); ) {
      if (times.next() >= before) {
        return;
      }
      times.remove();
    }
  }
}
