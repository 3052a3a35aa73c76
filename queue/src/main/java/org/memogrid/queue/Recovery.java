/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Member;

/**
 * The way to a reign: ask all members what they hold, take the best copy, and what others have that
 * it never had.
 *
 * <p>A copy is behind another if its reign is one that the other went through. Copies of which none
 * is behind the other come from the two sides of a split: the one that did more goes on, and
 * messages that came in during reigns it does not know come in again.
 *
 * <p>What is on the disk of a durable queue is read if no copy is here that counts. It says itself
 * {@linkplain Kept.Holders whose do}: those that all was confirmed by.
 */
final class Recovery {
  /** How often {@link #ask} is called before a part that does not come is asked for again. */
  private static final int PATIENCE = 10;

  private final Desk desk;
  private final Epoch epoch;
  private final View view;
  private final Replica own;
  private final Set<Member> asked;
  private final Map<Member, Packet.Holding> holdings = new LinkedHashMap<>();
  private final Queue<Member> toFetch = new ArrayDeque<>();
  private final List<Entry> more = new ArrayList<>();

  /** The same from copies of a queue that was in memory alone. */
  private final List<Entry> moreInMemory = new ArrayList<>();

  private final List<Epoch> united = new ArrayList<>();
  private Epoch secured;
  private @Nullable Member best;
  private @Nullable Settings settings;
  private @Nullable QueueState result;
  private @Nullable QueueState fetching;
  private long cursor;
  private boolean done;
  private int silent;
  private int patience = PATIENCE;
  private boolean vain;
  private boolean chosen;

  /** As what members have opened the queue, if as a durable one. */
  private @Nullable Settings asDurable;

  private boolean looks;
  private boolean reading;
  private boolean fromDisk;
  private long behind;

  Recovery(Desk desk, Epoch epoch, View view, Replica own) {
    this.desk = desk;
    this.epoch = epoch;
    this.view = view;
    this.own = own;
    this.secured = own.secured();
    this.asDurable = own.durable();
    this.asked = new HashSet<>(view.members());
    asked.remove(desk.self());
    Packet.Holding mine = own.holding();
    if (mine != null) {
      holdings.put(desk.self(), mine);
    }
  }

  Epoch epoch() {
    return epoch;
  }

  /** Asks those that have not answered, at the beginning and again. */
  void ask() {
    asked.forEach(member -> desk.send(member, new Packet.Collect(epoch)));
    chooseIfAllAnswered();
    Member source = toFetch.peek();
    if (source != null && ++silent >= patience) {
      // Seldom, and ever less: a part that is merely slow would come twice, ahead of the next.
      silent = 0;
      patience *= 2;
      desk.send(source, new Packet.Fetch(epoch, cursor));
    }
    if (chosen && source == null && !done) {
      read();
    }
  }

  /** Whether its answer is missing. */
  boolean awaits(Member member) {
    return asked.contains(member);
  }

  /** Whether the copy that should come is there no more: all must be asked anew. */
  boolean isVain() {
    return vain;
  }

  void held(Member from, Packet.Held held) {
    if (!held.epoch().equals(epoch)) {
      return;
    }
    if (!asked.remove(from)) {
      vain |= from.equals(toFetch.peek()) && !Objects.equals(held.holding(), holding(from));
      return;
    }
    if (secured.isBefore(held.secured())) {
      secured = held.secured();
    }
    Packet.Holding its = held.holding();
    if (its != null) {
      holdings.put(from, its);
    }
    if (asDurable == null) {
      asDurable = held.durable();
    }
    chooseIfAllAnswered();
  }

  private void chooseIfAllAnswered() {
    boolean enough =
        asked.isEmpty() || (!holdings.isEmpty() && !desk.apply(Rule.ASK_ALL_BEFORE_SERVING));
    if (enough && !chosen) {
      chosen = true;
      choose();
    }
  }

  private void choose() {
    if (holdings.isEmpty()) {
      result = new QueueState();
      copied();
      return;
    }
    List<Member> foremost = holdings.keySet().stream().filter(this::isForemost).toList();
    Comparator<Member> byWork =
        Comparator.comparing((Member m) -> isDurable(holding(m).settings()))
            .thenComparingLong(m -> holding(m).position())
            .thenComparing(m -> holding(m).epoch())
            .thenComparing(m -> m.equals(desk.self()) ? 1 : 0);
    best = foremost.stream().max(byWork).orElseThrow();
    if (!desk.apply(Rule.TAKE_THE_BEST_COPY)) {
      best = holdings.keySet().stream().min(byWork).orElseThrow();
    }
    // The queue may be open on the other side of a split alone.
    settings =
        foremost.stream()
            .sorted(byWork.reversed())
            .map(member -> holding(member).settings())
            .filter(Objects::nonNull)
            .findFirst()
            .orElse(null);
    if (best.equals(desk.self())) {
      result = own.state();
    } else {
      toFetch.add(best);
    }
    for (Member other : foremost) {
      if (holding(other).epoch().equals(holding(best).epoch())) {
        continue;
      }
      united.addAll(holding(other).lineage().epochs());
      if (hasMore(holding(other))) {
        if (other.equals(desk.self())) {
          addMore(own.state());
        } else {
          toFetch.add(other);
        }
      }
    }
    fetchNext();
  }

  private Packet.Holding holding(Member member) {
    Packet.Holding holding = holdings.get(member);
    if (holding == null) {
      throw new IllegalStateException(member + " holds nothing");
    }
    return holding;
  }

  private boolean isForemost(Member member) {
    Packet.Holding its = holding(member);
    return holdings.values().stream().noneMatch(other -> isBehind(its, other));
  }

  private static boolean isBehind(Packet.Holding one, Packet.Holding other) {
    return one.epoch().equals(other.epoch())
        ? one.position() < other.position()
        : other.lineage().has(one.epoch());
  }

  /** Whether it has messages that the best copy never had. */
  private boolean hasMore(Packet.Holding other) {
    return !isKnown(other.lastBorn(), other.nextSeq() - 1) && desk.apply(Rule.UNITE_AFTER_SPLIT);
  }

  private boolean isKnown(Epoch born, long seq) {
    Member chosen = best;
    return chosen != null && holding(chosen).lineage().knows(born, seq);
  }

  private void addMore(@Nullable QueueState other) {
    if (other != null) {
      List<Entry> those = isDurable(other.settings()) ? more : moreInMemory;
      other.forEach(
          entry -> {
            if (!isKnown(entry.born, entry.seq)) {
              those.add(entry.copy());
            }
          });
    }
  }

  private static boolean isDurable(@Nullable Settings its) {
    return its != null && its.persist() != null;
  }

  private void fetchNext() {
    fetching = null;
    cursor = 0;
    Member next = toFetch.peek();
    if (next == null) {
      copied();
    } else {
      desk.send(next, new Packet.Fetch(epoch, 0));
    }
  }

  void chunk(Member from, Packet.Chunk chunk) {
    if (!chunk.epoch().equals(epoch) || !from.equals(toFetch.peek()) || chunk.cursor() != cursor) {
      return;
    }
    QueueState.Head head = chunk.head();
    if (head != null) {
      fetching = new QueueState(head);
    }
    QueueState copy = fetching;
    if (copy == null) {
      return;
    }
    silent = 0;
    chunk.entries().forEach(copy::put);
    if (!chunk.last()) {
      cursor = chunk.entries().get(chunk.entries().size() - 1).seq;
      desk.send(from, new Packet.Fetch(epoch, cursor));
      return;
    }
    toFetch.remove();
    if (from.equals(best)) {
      result = copy;
    } else {
      addMore(copy);
    }
    fetchNext();
  }

  // ---- what is on the disk

  /** All copies are here that there are. */
  private void copied() {
    Settings defined = settings;
    Settings durable = defined == null ? asDurable : defined;
    if (durable == null || durable.persist() == null) {
      done = true;
      return;
    }
    settings = durable;
    // A copy with these options has what was on the disk when its queue became durable.
    looks = defined != null;
    if (holdings.isEmpty() && !desk.apply(Rule.READ_THE_DISK)) {
      done = true;
      return;
    }
    read();
  }

  private void read() {
    Settings durable = settings;
    Persist place = durable == null ? null : durable.persist();
    if (!reading && place != null) {
      reading = true;
      desk.perform(looks ? new Effect.Look(place, epoch) : new Effect.Load(place, epoch));
    }
  }

  /** The disk says whose copies have all that was confirmed. */
  void looked(Kept.@Nullable Holders named) {
    if (!reading || !looks) {
      return;
    }
    reading = false;
    looks = false;
    if (isHere(named) || !desk.apply(Rule.TRUST_NAMED_COPIES)) {
      unite(named);
      done = true;
      return;
    }
    // All that is confirmed is on the disk. What else these have has ended, or is sent again.
    more.clear();
    united.clear();
    holdings.values().forEach(holding -> united.addAll(holding.lineage().epochs()));
    result = new QueueState();
    read();
  }

  /** All that was confirmed in the reign that is named is here. */
  private void unite(Kept.@Nullable Holders named) {
    Member chosenOne = best;
    if (named != null
        && chosenOne != null
        && !holding(chosenOne).lineage().has(named.reign())
        && !united.contains(named.reign())) {
      united.add(named.reign());
    }
  }

  /**
   * Whether a copy that counts is. A reign that confirms something says first who knows; so one
   * that followed the one that is named, and is not named itself, confirmed nothing.
   */
  private boolean isHere(Kept.@Nullable Holders named) {
    Member chosenOne = best;
    if (named == null
        || (chosenOne != null
            && Kept.Holders.isBehind(named.reign(), holding(chosenOne).lineage()))) {
      return true;
    }
    return holdings.keySet().stream().anyMatch(member -> named.members().contains(member.id()));
  }

  /** All that is on the disk. */
  void loaded(List<Kept> all) {
    QueueState copy = result;
    if (!reading || looks || copy == null) {
      return;
    }
    reading = false;
    Stock stock = new Stock(desk, all);
    if (stock.named().has(copy.epoch())) {
      copy = new QueueState(); // a later home had it
      result = copy;
    }
    moreInMemory.removeIf(entry -> stock.named().knows(entry.born, entry.seq));
    if (stock.highest() >= epoch.number() && desk.apply(Rule.REIGN_ABOVE_THE_DISK)) {
      behind = stock.highest();
      return;
    }
    stock.reigns().stream().filter(each -> !united.contains(each)).forEach(united::add);
    Set<String> producers = new HashSet<>();
    view.members().forEach(member -> producers.add(member.id()));
    stock.into(copy, epoch, producers);
    fromDisk = true;
    done = true;
  }

  /**
   * The number of a reign that the disk speaks of, and this one is not above; 0 if there is none.
   */
  long behind() {
    return behind;
  }

  /**
   * It can't be read; {@link #ask} tries again.
   *
   * @return what the queue is
   */
  Settings notRead() {
    reading = false;
    return Objects.requireNonNull(settings);
  }

  boolean isDone() {
    return done;
  }

  /** What is gone; null if nothing is. */
  @Nullable String lost() {
    Settings its = settings;
    boolean durable = its != null && its.persist() != null;
    boolean known =
        durable
            || secured.equals(Epoch.NONE)
            || united.contains(secured)
            || (best != null
                && (holding(best).lineage().has(secured)
                    || holding(best).lineage().isForgotten(secured)));
    if (known) {
      return null;
    }
    return "messages of queue '"
        + desk.queue()
        + "' are gone, if it had any: all members that held what was there in reign "
        + secured
        + " were lost or can't be reached; what "
        + (best == null ? "nobody" : best)
        + " still had goes on. If they come back, it comes in again. Lose fewer members at a time";
  }

  Dispatcher reign() {
    QueueState copy = result;
    if (copy == null) {
      throw new IllegalStateException("the reign " + epoch + " has no copy yet");
    }
    own.own(copy);
    more.addAll(moreInMemory);
    return new Dispatcher(
        desk, epoch, copy, view, adoptable(copy), united, more, settings, secured, fromDisk);
  }

  /** Those that can go on with what they have, since it is what the home goes on with. */
  private List<Member> adoptable(QueueState copy) {
    if (fromDisk) {
      return List.of(); // theirs is another, whatever its position
    }
    return view.rank().stream()
        .filter(member -> !member.equals(desk.self()))
        .filter(
            member -> {
              Packet.Holding its = holdings.get(member);
              return its != null
                  && its.epoch().equals(copy.epoch())
                  && its.position() == copy.position();
            })
        .toList();
  }
}
