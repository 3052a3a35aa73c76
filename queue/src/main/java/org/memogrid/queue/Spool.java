/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Member;

/**
 * What a home writes to disk, if its queue is durable, and who waits for it. One batch is under way
 * at a time; what comes meanwhile goes together, as one entry of the disk.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Writes are numbered; all up to {@link #kept} are on the disk, or need not be any more.
 *   <li>What a home writes is under keys of its {@linkplain Tenure own}. It moves all that it found
 *       in its copy there, while it serves, and says when that is {@linkplain Kept.Head#moved
 *       done}: from then on nothing counts that former homes wrote, whenever it comes. It does the
 *       same when a batch has failed, which may come yet.
 *   <li>Until then a message that ends leaves a note, since a former tenure's entry says otherwise.
 *   <li>Nothing is confirmed before the disk has it, and says {@linkplain Kept.Holders whose
 *       copies} have it.
 * </ul>
 */
final class Spool {
  private static final int BATCH = 1_024;
  private static final int BATCH_CHUNKS = 8;
  private static final long AGAIN = 500;

  private static final Object HEAD = new Object();
  private static final Object HOLDERS = new Object();

  private final Desk desk;
  private final @Nullable Persist place;
  private Tenure tenure;
  private final QueueState state;
  private final boolean fromDisk;
  private final List<Waiting> waiting = new ArrayList<>();
  private final List<Waiting> untilMoved = new ArrayList<>();
  private final List<Waiting> untilNamed = new ArrayList<>();
  private final Set<Origin> noted = new HashSet<>();
  private Map<Object, Write> pending = new LinkedHashMap<>();
  private Map<Object, Write> underWay = new LinkedHashMap<>();
  private Batches batches;
  private Kept.@Nullable Batch sent;
  private long batch;
  private long covers;
  private long last;
  private long kept;
  private long failed;
  private String why = "";
  private long againAt;
  private Kept.@Nullable Holders holders;
  private long holdersAt;
  private boolean unnamed = true;

  /** Whether the disk has named a reign of this home. */
  private boolean claimed;

  // Moving in.
  private long limit;
  private List<String> ids;
  private long cursor;
  private boolean copied;
  private long movedAt;
  private long saidAt = Long.MAX_VALUE;
  private boolean moved;

  /** What a write says of its key. */
  private enum Kind {
    /** Nothing was written under it in this tenure. */
    NEW,
    CHANGED,
    /** Of a message that has left. */
    END
  }

  /** Under which a dedupe id is written. */
  private record IdKey(String id) {}

  /**
   * What is to be written under one key.
   *
   * @param number of the first of those that came together
   * @param word of the message that it is about
   * @param after the key of what is to be there before or with it; null if nothing is
   */
  private record Write(
      long number,
      Kind kind,
      int size,
      Supplier<? extends Kept> what,
      Batches.@Nullable Word word,
      @Nullable Object after) {
    Write as(Write later) {
      boolean fresh = kind == Kind.NEW && later.kind == Kind.CHANGED;
      return new Write(
          number,
          fresh ? kind : later.kind,
          later.size,
          later.what,
          later.word == null ? word : later.word,
          later.after);
    }

    Write again() {
      return new Write(number, kind == Kind.NEW ? Kind.CHANGED : kind, size, what, word, after);
    }
  }

  /**
   * @param failed told if the disk refuses; null for who waits until it does not
   */
  private record Waiting(long mark, @Nullable Consumer<String> failed, Runnable done) {}

  /**
   * @param place null if the queue is in memory alone: then nothing is done, and nobody waits
   * @param fromDisk whether this home has read the disk
   */
  Spool(Desk desk, @Nullable Persist place, Epoch reign, QueueState state, boolean fromDisk) {
    this.desk = desk;
    this.place = place;
    this.tenure = new Tenure(reign, 0);
    this.batches = new Batches(desk);
    this.state = state;
    this.fromDisk = fromDisk;
    this.limit = state.nextSeq();
    this.ids = place == null ? List.of() : idsOfEnded();
  }

  boolean isOff() {
    return place == null;
  }

  /** Whether a batch of that reign is one of this home. */
  boolean wrote(Epoch reign) {
    return tenure.reign().equals(reign);
  }

  // ---- what is written

  /** An operation was applied. */
  void note(Op op, @Nullable Entry entry) {
    if (place == null) {
      return;
    }
    if (op instanceof Op.Add add && entry != null) {
      keep(entry, Kind.NEW);
      String id = add.letter().traits.dedupeId();
      if (id != null && !desk.apply(Rule.KEEP_IDS_OF_ENDED)) {
        var unused = keepId(id);
      }
    } else if (op instanceof Op.Remove && entry != null) {
      String id = entry.letter.traits.dedupeId();
      boolean keeps = id != null && desk.apply(Rule.KEEP_IDS_OF_ENDED);
      end(Origin.of(entry.letter), entry.word, id != null && keeps ? keepId(id) : null);
    } else if (op instanceof Op.Pause) {
      write(HEAD, Kind.CHANGED, 64, this::head);
    } else if (entry != null && changes(op) && desk.apply(Rule.KEEP_WHAT_BECAME_OF_IT)) {
      keep(entry, Kind.CHANGED);
    }
  }

  /** Whether a message is another after that, when the cluster comes back. */
  private static boolean changes(Op op) {
    return op instanceof Op.Fail
        || op instanceof Op.Crash
        || op instanceof Op.Recall
        || op instanceof Op.Bury
        || op instanceof Op.Revive;
  }

  private void keep(Entry entry, Kind kind) {
    Batches.Word word = entry.word;
    if (word == null) {
      word = new Batches.Word();
      entry.word = word;
    }
    Supplier<Kept> what = () -> new Kept.Message(tenure, entry.copy());
    write(Origin.of(entry.letter), new Write(++last, kind, entry.size(), what, word, null));
  }

  /**
   * While a message is there it says its id itself. The id is written when the message ends, in the
   * batch in which it does or before.
   *
   * @return under which it is written; null if it is forgotten by now
   */
  private @Nullable Object keepId(String id) {
    Long at = state.ids().get(id);
    if (at == null || !desk.apply(Rule.KEEP_DEDUPE_IDS)) {
      return null;
    }
    IdKey key = new IdKey(id);
    long until = at + state.settingsOrDefault().dedupeWindow();
    write(key, Kind.CHANGED, 64 + id.length(), () -> new Kept.Id(tenure, id, at, until));
    return key;
  }

  private List<String> idsOfEnded() {
    Set<String> all = new LinkedHashSet<>(state.ids().keySet());
    state.forEach(entry -> all.remove(entry.letter.traits.dedupeId()));
    return List.copyOf(all);
  }

  /**
   * Why a note: 1. a former home has written the message; 2. it ends here; 3. all are lost before
   * this home has moved in, and the entry is read.
   *
   * @param word of the message, if it was here
   * @param after the key of what is to be there before it goes; null if nothing is
   */
  private void end(Origin origin, Batches.@Nullable Word word, @Nullable Object after) {
    Write before = pending.get(origin);
    if (moved && before != null && before.kind == Kind.NEW && after == null) {
      pending.remove(origin); // it never was on the disk, nor need it be
      return;
    }
    if (!moved && desk.apply(Rule.NOTE_ENDS_UNTIL_MOVED)) {
      noted.add(origin);
    }
    Supplier<Kept> what = () -> new Kept.Ended(tenure, origin, noted.contains(origin));
    write(origin, new Write(++last, Kind.END, 64, what, word, after));
  }

  private Kept.Head head() {
    boolean said = saidAt != Long.MAX_VALUE;
    return new Kept.Head(tenure, said, said ? state.lineage() : Lineage.NONE, state.isPaused());
  }

  /** Nothing is confirmed in this reign before it is known by whom. */
  void holdersChange(Epoch reign) {
    Kept.Holders before = holders;
    unnamed = before == null || !before.reign().equals(reign);
  }

  /** The copies of these members are waited for from here on; all others may lack something. */
  void holders(Epoch reign, Set<String> members) {
    unnamed = false;
    Kept.Holders before = holders;
    if (before == null || !before.reign().equals(reign) || !before.members().equals(members)) {
      long count = before == null ? 0 : before.count() + 1;
      Kept.Holders now = new Kept.Holders(reign, count, members, state.lineage());
      holders = now;
      write(HOLDERS, Kind.CHANGED, 64, () -> now);
      holdersAt = last;
    }
  }

  /**
   * Whether messages may be handed out. After the end of all members two may take themselves for
   * the home, and read the same; one of them is named.
   */
  boolean mayHandOut() {
    return claimed || !fromDisk || place == null || !desk.apply(Rule.HAND_OUT_WHEN_NAMED);
  }

  /** Whether the disk says that the member's copy counts, so that no other's need. */
  boolean names(Member member) {
    Kept.Holders now = holders;
    return place == null
        || (!unnamed
            && now != null
            && now.members().contains(member.id())
            && !pending.containsKey(HOLDERS)
            && !underWay.containsKey(HOLDERS));
  }

  private void write(Object key, Kind kind, int size, Supplier<? extends Kept> what) {
    write(key, new Write(++last, kind, size, what, null, null));
  }

  private void write(Object key, Write next) {
    pending.merge(key, next, Write::as);
  }

  // ---- moving in

  private void move() {
    if (moved) {
      return;
    }
    if (underWay.isEmpty()) {
      moveSome();
    }
    boolean all = copied && claimed && kept >= movedAt;
    if (saidAt == Long.MAX_VALUE && (all || !desk.apply(Rule.MOVE_BEFORE_SAYING_SO))) {
      saidAt = last + 1;
      write(HEAD, Kind.CHANGED, 64, this::head);
    }
    if (kept >= saidAt) {
      moved = true;
      List<Origin> past = List.copyOf(noted);
      noted.clear();
      past.forEach(origin -> end(origin, null, null));
      desk.perform(new Effect.Sweep(where(), head()));
      untilMoved.forEach(this::awaitNamed);
      untilMoved.clear();
    }
  }

  private void moveSome() {
    if (copied) {
      return;
    }
    List<Entry> part = state.after(cursor, desk.chunk());
    for (Entry entry : part) {
      cursor = entry.seq;
      if (cursor < limit) {
        keep(entry, Kind.CHANGED);
      }
    }
    if (part.isEmpty() || cursor >= limit) {
      ids.forEach(this::keepId);
      copied = true;
      movedAt = last;
    }
  }

  private Persist where() {
    Persist here = place;
    if (here == null) {
      throw new IllegalStateException("queue '" + desk.queue() + "' is not durable");
    }
    return here;
  }

  // ---- who waits

  /** The number of the last write. */
  long mark() {
    return last;
  }

  /**
   * @param failed told why the disk refuses it
   */
  void confirm(long mark, Consumer<String> failed, Runnable done) {
    if (place == null || !desk.apply(Rule.CONFIRM_AFTER_DISK)) {
      done.run();
    } else {
      awaitNamed(new Waiting(mark, failed, done));
    }
  }

  /** Behind what says who holds it. */
  private void awaitNamed(Waiting who) {
    if (!desk.apply(Rule.CONFIRM_WHEN_NAMED)) {
      await(who);
    } else if (unnamed) {
      untilNamed.add(who);
    } else {
      await(new Waiting(Math.max(who.mark, holdersAt), who.failed, who.done));
    }
  }

  /** The same of a message that came in before this home began: it may be in its copy alone. */
  void confirmKnown(long mark, Consumer<String> failed, Runnable done) {
    if (place == null) {
      done.run();
    } else if (moved || !desk.apply(Rule.CONFIRM_WHEN_MOVED)) {
      confirm(mark, failed, done);
    } else {
      untilMoved.add(new Waiting(mark, failed, done));
    }
  }

  /** Waits however long it takes. */
  void settle(long mark, Runnable done) {
    if (place == null || !desk.apply(Rule.SETTLE_AFTER_DISK)) {
      done.run();
    } else {
      awaitNamed(new Waiting(mark, null, done));
    }
  }

  /**
   * The same of a message that had left when this home began: a former one's entry may be there.
   */
  void settleUnknown(long mark, Runnable done) {
    if (place == null) {
      done.run();
    } else if (moved || !desk.apply(Rule.SETTLE_WHEN_MOVED)) {
      settle(mark, done);
    } else {
      untilMoved.add(new Waiting(mark, null, done));
    }
  }

  private void await(Waiting who) {
    Consumer<String> told = who.failed;
    if (who.mark <= kept) {
      who.done.run();
    } else if (told != null && who.mark <= failed) {
      told.accept(why);
    } else {
      waiting.add(who);
    }
  }

  private void release() {
    if (pending.isEmpty() && underWay.isEmpty()) {
      kept = last;
    }
    for (Iterator<Waiting> all = waiting.iterator(); all.hasNext(); ) {
      Waiting next = all.next();
      if (next.mark <= kept) {
        all.remove();
        next.done.run();
      }
    }
  }

  private void fail(List<Waiting> those, long upTo) {
    for (Iterator<Waiting> all = those.iterator(); all.hasNext(); ) {
      Waiting next = all.next();
      Consumer<String> told = next.failed;
      if (told != null && next.mark <= upTo) {
        all.remove();
        told.accept(why);
      }
    }
  }

  // ---- batches

  /** To do at the end of a turn. */
  void flush() {
    if (place == null) {
      return;
    }
    move();
    if (!unnamed && !untilNamed.isEmpty()) {
      List<Waiting> all = List.copyOf(untilNamed);
      untilNamed.clear();
      all.forEach(this::awaitNamed);
    }
    clean();
    if (underWay.isEmpty() && !pending.isEmpty() && desk.now() >= againAt()) {
      send();
    }
    release();
  }

  private void send() {
    Kept.Holders named = null;
    List<Kept.OfTenure> writes = new ArrayList<>();
    if (claimed) {
      named = fill(writes);
    } else {
      // Alone: what is written in a reign that is not named must not count.
      Write first = pending.remove(HOLDERS);
      if (first == null) {
        return;
      }
      named = (Kept.Holders) first.what.get();
      underWay.put(HOLDERS, first);
      covers = 0;
    }
    long number = ++batch;
    sent =
        writes.isEmpty()
            ? null
            : new Kept.Batch(tenure, batches.takeSlot(), number, batches.first(number), writes);
    desk.perform(new Effect.Keep(where(), tenure.reign(), number, named, sent));
  }

  /**
   * As much as goes together, the oldest first.
   *
   * @return the holders, if they are among it
   */
  private Kept.@Nullable Holders fill(List<Kept.OfTenure> writes) {
    Kept.Holders named = null;
    int bytes = 0;
    int most = BATCH_CHUNKS * desk.chunk();
    covers = last;
    Iterator<Map.Entry<Object, Write>> next = pending.entrySet().iterator();
    while (next.hasNext() && writes.size() < BATCH && bytes < most) {
      Map.Entry<Object, Write> each = next.next();
      Write its = each.getValue();
      if (waits(its)) {
        covers = Math.min(covers, its.number - 1);
        continue;
      }
      underWay.put(each.getKey(), its);
      next.remove();
      Kept said = its.what.get();
      if (said instanceof Kept.Holders holders) {
        named = holders;
      } else {
        writes.add((Kept.OfTenure) said);
        bytes += its.size;
      }
    }
    if (next.hasNext()) {
      covers = Math.min(covers, next.next().getValue().number - 1);
    }
    return named;
  }

  private boolean waits(Write write) {
    Object after = write.after;
    return after != null && pending.containsKey(after);
  }

  /**
   * A batch was written, or was not.
   *
   * @param failure null if it was
   */
  void written(long number, @Nullable String failure) {
    if (number != batch || underWay.isEmpty()) {
      return;
    }
    if (failure == null) {
      kept = Math.max(kept, covers);
      claimed = true;
      landed();
      underWay.clear();
      return;
    }
    Map<Object, Write> again = new LinkedHashMap<>();
    underWay.forEach((key, its) -> again.put(key, its.again()));
    pending.forEach((key, its) -> again.merge(key, its, Write::as));
    pending = again;
    underWay = new LinkedHashMap<>();
    failed = covers;
    why = failure;
    againAt = desk.now() + AGAIN;
    fail(waiting, failed);
    fail(untilMoved, Long.MAX_VALUE);
    fail(untilNamed, failed);
    moveAgain();
  }

  /** The batch that was under way is on the disk. */
  private void landed() {
    Kept.Batch its = sent;
    if (its == null) {
      return;
    }
    sent = null;
    Batches.Batch there = batches.add(its.number(), its.slot(), its.what().size());
    Iterator<Kept.OfTenure> said = its.what().iterator();
    underWay.forEach(
        (key, write) -> {
          if (key != HOLDERS) {
            landed(there, key, write, said.next());
          }
        });
    List<Long> unused = batches.letGo();
    if (!unused.isEmpty()) {
      desk.perform(new Effect.Drop(where(), tenure, unused));
    }
  }

  private void landed(Batches.Batch there, Object key, Write write, Kept.OfTenure said) {
    Batches.Word word = write.word;
    if (said instanceof Kept.Message message && word != null) {
      batches.has(there, key, word, message.entry().seq, write.size);
    } else if (said instanceof Kept.Ended ended && !ended.lasts()) {
      batches.ends(there, key, word, write.size);
    } else {
      batches.forget(key, word);
      batches.has(there, key, write.size);
    }
  }

  /** Writes again what keeps the oldest batch from going, if too much of the others is garbage. */
  private void clean() {
    Batches.Batch oldest = moved && underWay.isEmpty() ? batches.toClean() : null;
    if (oldest == null) {
      return;
    }
    for (long seq : oldest.seqs()) {
      Entry entry = state.get(seq);
      if (entry != null
          && Batches.isIn(entry, oldest)
          && !pending.containsKey(Origin.of(entry.letter))) {
        keep(entry, Kind.CHANGED);
      }
    }
    for (Object key : oldest.keys()) {
      if (!batches.isIn(key, oldest) || pending.containsKey(key)) {
        continue;
      }
      if (key == HEAD) {
        write(HEAD, Kind.CHANGED, 64, this::head);
      } else if (key instanceof IdKey of && keepId(of.id) == null) {
        batches.forget(key, null);
      }
    }
  }

  /**
   * As another tenure, since what has failed may come late: 1. a batch with a message fails, and is
   * written again; 2. the message ends, and its entry goes; 3. the first batch is written after
   * all.
   */
  private void moveAgain() {
    tenure = new Tenure(tenure.reign(), tenure.part() + 1);
    batches = new Batches(desk);
    sent = null;
    moved = false;
    copied = false;
    cursor = 0;
    saidAt = Long.MAX_VALUE;
    limit = state.nextSeq();
    ids = idsOfEnded();
    if (desk.apply(Rule.NOTE_ENDS_UNTIL_MOVED)) {
      pending.forEach(
          (key, its) -> {
            if (its.kind == Kind.END) {
              noted.add((Origin) key);
            }
          });
    }
  }

  /** No later than this, also when the clock was set back. */
  private long againAt() {
    againAt = Math.min(againAt, desk.now() + AGAIN);
    return againAt;
  }

  /** When there is something to do though nothing happens. */
  long next() {
    boolean may = claimed ? !pending.isEmpty() : pending.containsKey(HOLDERS);
    return may && underWay.isEmpty() ? againAt() : Long.MAX_VALUE;
  }

  /** Whether all is on the disk. */
  boolean isClear() {
    return pending.isEmpty() && underWay.isEmpty();
  }
}
