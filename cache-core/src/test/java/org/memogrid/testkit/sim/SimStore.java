/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit.sim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * A store as the engine is one. A write takes place some time after it was asked for; the owners'
 * copies follow, each at its moment, and the writer hears when all have. A write that a view change
 * overtakes may take place late, after the writer has lost its right to it or has died, and may
 * take place twice. A member that does not know its newest view reads its own copy, whatever that
 * is. New owners get their copies some time after they have become owners. An entry whose owners
 * all went is lost. Each side of a cut cluster has its own entries; when the sides meet, either's
 * stays, per key by chance, and the copies follow.
 *
 * @param <E> an entry; compared by identity, as the engine compares versions
 */
public final class SimStore<E> {
  private final VirtualTime time;
  private final SimViews views;
  private final BiFunction<Object, List<Member>, List<Member>> owners;
  private final Consumer<Object> onLoss;

  /** By side, what a reader finds who knows the newest view. */
  private final List<Map<Object, Versioned<E>>> truth = List.of(new HashMap<>(), new HashMap<>());

  private final Map<Member, Map<Object, Versioned<E>>> copies = new HashMap<>();

  /** From a cut until all know that it is over: who is on the other side. */
  private final Set<Member> beyond = new HashSet<>();

  /** By key, the order of the last write that was at all owners. */
  private final Map<Object, Long> confirmed = new HashMap<>();

  private long writes;
  private long lateWrites;

  /** Rises when all members end at once: what is under way then never arrives. */
  private long lives;

  /**
   * @param owners those of the members that hold the key's entry
   * @param onLoss hears of an entry that nobody holds any more
   */
  public SimStore(
      VirtualTime time,
      SimViews views,
      BiFunction<Object, List<Member>, List<Member>> owners,
      Consumer<Object> onLoss) {
    this.time = time;
    this.views = views;
    this.owners = owners;
    this.onLoss = onLoss;
  }

  /** What the member itself holds; null also if it is no owner. */
  public @Nullable E copy(Member member, Object key) {
    return entry(copiesOf(member).get(key));
  }

  /** What a member sees that may know the newest view, or may lag behind. */
  public @Nullable E read(Member member, long view, Object key) {
    SimViews.View newest = views.of(member);
    if (newest == null || newest.id() != view) {
      Versioned<E> own = copiesOf(member).get(key);
      return own == null && newest != null ? entry(truth(member).get(key)) : entry(own);
    }
    return entry(truth(member).get(key));
  }

  /**
   * Stores if {@code condition} holds of the entry that is there when the write takes place, or if
   * it took place before.
   *
   * @param done hears what was in the way; the entry itself if it was stored
   */
  public void write(
      Member by, Object key, @Nullable E entry, Condition<E> condition, Consumer<Result<E>> done) {
    SimViews.View view = views.of(by);
    Write<E> write = new Write<>(by, key, entry, condition, false);
    later(time.between(1, 12), () -> arrived(view, write, done));
  }

  /**
   * The same, but that who orders it fails on the way: if it takes place some owners have it, and
   * nobody hears of it.
   */
  public void writeHalf(Member by, Object key, @Nullable E entry, Condition<E> condition) {
    Write<E> write = new Write<>(by, key, entry, condition, true);
    later(time.between(1, 12), () -> takePlace(write, unheard -> {}));
  }

  private void arrived(SimViews.@Nullable View view, Write<E> write, Consumer<Result<E>> done) {
    boolean overtaken = !Objects.equals(views.of(write.by), view);
    if (overtaken && time.chance(0.5)) {
      lateWrites++;
      later(time.between(20, 400), () -> takePlace(write, done));
      return;
    }
    takePlace(write, done);
    if (overtaken || time.chance(0.05)) {
      lateWrites++;
      later(time.between(20, 400), () -> takePlace(write, ignored -> {}));
    }
  }

  private void takePlace(Write<E> write, Consumer<Result<E>> done) {
    int side = side(write.by);
    Map<Object, Versioned<E>> entries = truth.get(side);
    E there = entry(entries.get(write.key));
    boolean repeated = write.entry != null && there == write.entry;
    if (!repeated && !write.condition.holds(there)) {
      later(time.between(1, 5), () -> done.accept(new Result<>(false, there)));
      return;
    }
    Versioned<E> written = new Versioned<>(++writes, write.entry);
    entries.put(write.key, written);
    List<Member> owning = ownersOf(side, write.key);
    if (write.fails) {
      copy(write.key, written, owning.subList(0, time.between(0, owning.size() - 1)), 1, 15);
      return;
    }
    leave(side, write.key, owning);
    int slowest = copy(write.key, written, owning, 1, 15);
    later(
        slowest,
        () -> {
          confirmed.merge(write.key, written.order, Math::max);
          done.accept(new Result<>(true, write.entry));
        });
  }

  /** Only owners keep a copy, once one of them has it. */
  private void leave(int side, Object key, List<Member> owning) {
    copies.forEach(
        (member, held) -> {
          if (views.has(member) && side(member) == side && !owning.contains(member)) {
            held.remove(key);
          }
        });
  }

  private int copy(Object key, Versioned<E> written, List<Member> to, int soonest, int latest) {
    int slowest = 0;
    for (Member member : to) {
      int delay = time.between(soonest, latest);
      slowest = Math.max(slowest, delay);
      later(delay, () -> keep(member, key, written));
    }
    return slowest;
  }

  private List<Member> ownersOf(int side, Object key) {
    List<Member> members = new ArrayList<>();
    for (Member member : views.members()) {
      if (side(member) == side) {
        members.add(member);
      }
    }
    return members.isEmpty() ? members : owners.apply(key, members);
  }

  /** After a change of the views: new owners get what there is, and what nobody holds is gone. */
  public void rebalance() {
    for (int side = 0; side < 2; side++) {
      int own = side;
      for (Object key : List.copyOf(truth.get(side).keySet())) {
        List<Member> holders =
            copies.keySet().stream()
                .filter(m -> views.has(m) && side(m) == own && copiesOf(m).containsKey(key))
                .toList();
        if (holders.isEmpty()) {
          truth.get(side).remove(key);
          onLoss.accept(key);
          continue;
        }
        Versioned<E> entry = Objects.requireNonNull(truth.get(side).get(key));
        List<Member> owning = ownersOf(side, key);
        List<Member> newOwners = new ArrayList<>(owning);
        newOwners.removeIf(m -> entry.equals(copiesOf(m).get(key)));
        if (newOwners.size() < owning.size()) {
          leave(side, key, owning);
        }
        copy(key, entry, newOwners, 5, 60);
      }
    }
  }

  /** The cluster has been cut: each side goes on with what it holds. */
  public void cut() {
    beyond.clear();
    for (Member member : views.members()) {
      if (views.sideOf(member) == 1) {
        beyond.add(member);
      }
    }
    truth.get(1).clear();
    truth.get(1).putAll(truth.get(0));
    rebalance();
  }

  /** All know that the cluster is one again: of two entries for a key either stays. */
  public void merge() {
    Map<Object, Versioned<E>> here = truth.get(0);
    truth
        .get(1)
        .forEach(
            (key, theirs) -> {
              if (!here.containsKey(key) || time.chance(0.5)) {
                here.put(key, new Versioned<>(++writes, theirs.entry));
              }
            });
    truth.get(1).clear();
    beyond.clear();
    here.replaceAll((key, entry) -> new Versioned<>(++writes, entry.entry));
    here.forEach((key, entry) -> copy(key, entry, ownersOf(0, key), 1, 60));
  }

  /**
   * All members are killed at once. What one of them may be found to have had last, which is put
   * back when they are back: no older than what was confirmed.
   */
  public @Nullable E killAll(Object key) {
    long oldest = confirmed.getOrDefault(key, 0L);
    List<Versioned<E>> found = new ArrayList<>();
    for (Member member : views.members()) {
      Versioned<E> own = copiesOf(member).get(key);
      if (own != null && own.order >= oldest) {
        found.add(own);
      }
    }
    lives++;
    copies.clear();
    truth.forEach(Map::clear);
    return found.isEmpty() ? null : time.oneOf(found).entry;
  }

  /** What is put back. */
  public void putBack(Object key, E entry) {
    Versioned<E> written = new Versioned<>(++writes, entry);
    confirmed.put(key, written.order);
    truth.get(0).put(key, written);
    ownersOf(0, key).forEach(member -> copiesOf(member).put(key, written));
  }

  private void later(double delay, Runnable action) {
    long now = lives;
    time.after(
        delay,
        () -> {
          if (now == lives) {
            action.run();
          }
        });
  }

  public void forget(Member member) {
    copies.remove(member);
  }

  public long lateWrites() {
    return lateWrites;
  }

  private Map<Object, Versioned<E>> truth(Member member) {
    return truth.get(side(member));
  }

  private int side(Member member) {
    return beyond.contains(member) ? 1 : 0;
  }

  /** What comes to one that is no owner any more, and has been overtaken, is not kept. */
  private void keep(Member member, Object key, Versioned<E> written) {
    Versioned<E> newest = truth(member).get(key);
    if (newest != null
        && newest.order > written.order
        && !ownersOf(side(member), key).contains(member)) {
      return;
    }
    copiesOf(member).merge(key, written, (a, b) -> a.order > b.order ? a : b);
  }

  private Map<Object, Versioned<E>> copiesOf(Member member) {
    return copies.computeIfAbsent(member, m -> new HashMap<>());
  }

  private static <E> @Nullable E entry(@Nullable Versioned<E> versioned) {
    return versioned == null ? null : versioned.entry;
  }

  /** What must hold of the entry that is there. */
  @FunctionalInterface
  public interface Condition<E> {
    boolean holds(@Nullable E there);
  }

  /** Whether it was stored, and what is there. */
  public record Result<E>(boolean stored, @Nullable E there) {}

  private record Write<E>(
      Member by, Object key, @Nullable E entry, Condition<E> condition, boolean fails) {}

  /** The order is unique, and entries are compared by identity. */
  private record Versioned<E>(long order, @Nullable E entry) {}
}
