/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.behind;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * One member's part in writing a shared cache behind its writers. What it orders waits here; its
 * backups keep a copy until they are told that it is written, and whoever orders the key next
 * writes what it has kept.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Of each key a member has the last change that it was told of as an owner, or it was written
 *       and the member may have been told so. It waits, is being written, or is kept.
 *   <li>A member writes only what it orders. What is changed once it is about to order a key no
 *       more is not begun to be written: the store might end that after what the next one writes.
 *   <li>Between the first topology by which owners are about to change and the one by which they
 *       have, nobody confirms what is not written. So a new owner, who was not told of what went
 *       before, misses nothing.
 * </ul>
 *
 * @param <K> a key
 * @param <C> a change; equal to another if it is the same write
 */
public final class BehindCore<K, C> {
  private final ToIntFunction<? super K> segments;
  private final Map<K, Waiting<C>> waiting = new LinkedHashMap<>();
  private final Map<K, Ordered<C>> kept = new LinkedHashMap<>();

  /** What was written before this member, a backup, was told of it. */
  private final Map<K, Ordered<C>> early = new HashMap<>();

  private final Map<K, Waiting<C>> writing = new LinkedHashMap<>();
  private Share share = Share.NONE;

  /** What this member ordered, and does not by the last topology that was about to be in use. */
  private BitSet going = new BitSet();

  private long beforeGoing;
  private boolean leaving;
  private boolean givenUp;
  private long added;

  /**
   * A change that waits.
   *
   * @param number of the first change of its key that waits; what has a lower one is written before
   * @param confirmed whether there is one that may have been confirmed already
   */
  private record Waiting<C>(long number, boolean confirmed, C change) {
    Waiting<C> mayBeConfirmed() {
      return confirmed ? this : new Waiting<>(number, true, change);
    }
  }

  /**
   * A change that another orders.
   *
   * @param topology by which it was ordered, at that time
   */
  private record Ordered<C>(int topology, C change) {}

  /**
   * @param segments of keys
   */
  public BehindCore(ToIntFunction<? super K> segments) {
    this.segments = segments;
  }

  /**
   * This member orders changes.
   *
   * @return the number by which {@link #isConfirmed} tells when they may be; 0 if they may be now
   */
  public long change(Map<K, C> changes) {
    changes.forEach(
        (key, change) -> {
          if (share.ordered().get(segment(key))) {
            add(key, change, !isThrough());
          } // else a topology came in between: it is made again, or who orders it now keeps it
        });
    return isThrough() ? added : 0;
  }

  private void add(K key, C change, boolean confirmed) {
    added++;
    waiting.merge(
        key,
        new Waiting<>(added, confirmed, change),
        (before, now) ->
            new Waiting<>(before.number, before.confirmed || now.confirmed, now.change));
  }

  /** Whether what is changed now must be written before it is confirmed. */
  public boolean isThrough() {
    return leaving || !share.steady();
  }

  /** This member is a backup of changes that another orders. */
  public void keep(Map<K, C> changes) {
    changes.forEach(
        (key, change) -> {
          if (share.ordered().get(segment(key))) {
            add(key, change, true); // by an earlier topology, in which another did
            return;
          }
          kept.remove(key);
          Ordered<C> written = early.remove(key);
          if (written == null || !written.change.equals(change)) {
            kept.put(key, new Ordered<>(share.number(), change));
          }
        });
  }

  /**
   * Another has written these. In the order in which it has; a backup may be told so before it is
   * told of the change.
   *
   * @param topology by which that one orders it
   */
  public void told(int topology, Map<K, C> written) {
    written.forEach((key, change) -> told(key, new Ordered<>(topology, change)));
  }

  /**
   * A change that was told of by an earlier topology is told again, by that in which it is made.
   */
  private void told(K key, Ordered<C> written) {
    Ordered<C> there = kept.get(key);
    if (there != null && there.change.equals(written.change)) {
      kept.remove(key);
      if (there.topology == written.topology) {
        early.computeIfPresent( // of an earlier one; what came early by a later topology stays
            key, (same, note) -> note.topology > written.topology ? note : null);
        return;
      }
    }
    if (written.topology > share.number()
        || (written.topology == share.number() && isBackup(segment(key)))) {
      early.merge(key, written, (before, now) -> before.topology > now.topology ? before : now);
    }
  }

  /**
   * The next to write, at most so many. Those before, if any, are not written yet: they are what is
   * answered, as far as this member still orders them.
   */
  public Map<K, C> take(int most) {
    if (writing.isEmpty()) {
      Iterator<Map.Entry<K, Waiting<C>>> first = waiting.entrySet().iterator();
      while (first.hasNext() && writing.size() < most) {
        Map.Entry<K, Waiting<C>> each = first.next();
        if (each.getValue().number <= beforeGoing || !going.get(segment(each.getKey()))) {
          writing.put(each.getKey(), each.getValue());
          first.remove();
        } // else it is made again where it is ordered then
      }
    }
    Map<K, C> changes = new HashMap<>();
    writing.forEach((key, each) -> changes.put(key, each.change));
    return changes;
  }

  /**
   * What was {@linkplain #take taken} is written.
   *
   * @return what the backups are to be told
   */
  public Map<K, C> written() {
    Map<K, C> done = new HashMap<>();
    writing.forEach((key, each) -> done.put(key, each.change));
    writing.clear();
    return done;
  }

  /**
   * Whether a change of which {@link #change} answered that number may be confirmed: it is written,
   * or need not be any more, since its backups keep it from now on.
   */
  public boolean isConfirmed(long number) {
    return !isThrough() || isWritten(number);
  }

  /** Whether all is written whose number is at most that. */
  public boolean isWritten(long number) {
    return isBehind(number, writing) && isBehind(number, waiting);
  }

  private static <K, C> boolean isBehind(long number, Map<K, Waiting<C>> changes) {
    return changes.isEmpty() || changes.values().iterator().next().number > number;
  }

  /** The number of the topology that is in use. */
  public int topology() {
    return share.number();
  }

  /** The number of the last change. */
  public long last() {
    return added;
  }

  /** How many keys wait or are being written. */
  public int left() {
    return waiting.size() + writing.size();
  }

  /** How many changes wait here, or are kept for others. */
  public int known() {
    return left() + kept.size();
  }

  /** For tests: of how many keys it is noted what was written early. */
  int early() {
    return early.size();
  }

  /** What will be written for a key, by this member or another; null if nothing is known. */
  public @Nullable C waitsFor(K key) {
    Waiting<C> last = waiting.get(key);
    if (last == null) {
      last = writing.get(key);
    }
    if (last != null) {
      return last.change;
    }
    Ordered<C> others = kept.get(key);
    return others == null ? null : others.change;
  }

  /**
   * A topology is about to be in use, and not yet. By one in which owners change, or are about to,
   * nothing more is confirmed that is not written.
   *
   * @return whether what waits should be written first
   */
  public boolean prepare(Share next) {
    going = (BitSet) share.ordered().clone();
    going.andNot(next.ordered());
    beforeGoing = added;
    share =
        new Share(
            share.number(),
            share.ordered(),
            share.owned(),
            share.read(),
            share.steady() && next.steady() && going.isEmpty());
    return left() > 0 && !givenUp && !share.steady();
  }

  /** The store does not take what waits: no topology waits for it before owners are at rest. */
  public void giveUp() {
    givenUp = true;
  }

  /**
   * A topology is in use. What this member orders by it, and another did before, it has to write if
   * it has kept it. Of a segment whose entries it had, and is about to be sent anew, it has kept
   * nothing: others went on without it.
   *
   * @return how many changes that waited here others order now
   */
  @CanIgnoreReturnValue
  public int layout(Share next) {
    BitSet missed = (BitSet) share.read().clone();
    missed.andNot(next.read());
    share = next;
    givenUp &= !next.steady();
    early
        .entrySet() // what was under way by an earlier one is written again
        .removeIf(
            each ->
                each.getValue().topology < next.number()
                    || (each.getValue().topology == next.number()
                        && !isBackup(segment(each.getKey()))));
    Map<K, Ordered<C>> others = new LinkedHashMap<>();
    moveToOthers(writing, others);
    moveToOthers(waiting, others);
    kept.putAll(others);
    if (!isThrough()) {
      writing.replaceAll((key, each) -> each.mayBeConfirmed());
      waiting.replaceAll((key, each) -> each.mayBeConfirmed());
    }
    Iterator<Map.Entry<K, Ordered<C>>> each = kept.entrySet().iterator();
    while (each.hasNext()) {
      Map.Entry<K, Ordered<C>> one = each.next();
      int segment = segment(one.getKey());
      if (missed.get(segment)) {
        each.remove();
        continue;
      }
      if (next.ordered().get(segment)) {
        add(one.getKey(), one.getValue().change, true);
      }
      if (next.ordered().get(segment) || !next.owned().get(segment)) {
        each.remove();
      }
    }
    return others.size();
  }

  private void moveToOthers(Map<K, Waiting<C>> changes, Map<K, Ordered<C>> others) {
    changes
        .entrySet()
        .removeIf(
            each -> {
              boolean goes = !share.ordered().get(segment(each.getKey()));
              if (goes && each.getValue().confirmed) { // else it is made again where it is ordered
                others.put(each.getKey(), new Ordered<>(share.number(), each.getValue().change));
              }
              return goes;
            });
  }

  /** All keys are removed, and that is written. */
  public void cleared() {
    kept.clear();
    early.clear();
  }

  /** From now on nothing is confirmed that is not written. */
  public void leave() {
    leaving = true;
  }

  private boolean isBackup(int segment) {
    return share.owned().get(segment) && !share.ordered().get(segment);
  }

  private int segment(K key) {
    return segments.applyAsInt(key);
  }
}
