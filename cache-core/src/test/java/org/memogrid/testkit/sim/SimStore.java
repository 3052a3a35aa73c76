/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit.sim;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * A store as the engine is one. The truth changes when a write takes place, some time after it was
 * asked for; each member's copy follows, and the writer hears when all have. A write that a view
 * change overtakes may take place late, after the writer has lost its right to it or has died, and
 * may take place twice. A member that is not in the newest view reads its own copy, whatever that
 * is. A joiner asks the others until it has its copies, some time after it joined.
 *
 * @param <E> an entry; compared by identity, as the engine compares versions
 */
public final class SimStore<E> {
  private final VirtualTime time;
  private final SimViews views;
  private final Map<Object, Versioned<E>> truth = new HashMap<>();
  private final Map<Member, Map<Object, Versioned<E>>> copies = new HashMap<>();
  private final Set<Member> complete = new HashSet<>();
  private long writes;
  private long lateWrites;

  public SimStore(VirtualTime time, SimViews views) {
    this.time = time;
    this.views = views;
  }

  public @Nullable E truth(Object key) {
    return entry(truth.get(key));
  }

  /** What the member itself holds. */
  public @Nullable E copy(Member member, Object key) {
    return entry(copiesOf(member).get(key));
  }

  /** What a member sees that may know the newest view, or may lag behind. */
  public @Nullable E read(Member member, long view, Object key) {
    boolean lags = view != views.current().id() && complete.contains(member);
    return lags ? copy(member, key) : truth(key);
  }

  /**
   * Stores if {@code condition} holds of the entry that is there when the write takes place, or if
   * it took place before.
   *
   * @param done hears what was in the way; the entry itself if it was stored
   */
  public void write(
      Object key, @Nullable E entry, Condition<E> condition, Consumer<Result<E>> done) {
    long view = views.current().id();
    time.after(time.between(1, 12), () -> arrived(view, key, entry, condition, done));
  }

  private void arrived(
      long view, Object key, @Nullable E entry, Condition<E> condition, Consumer<Result<E>> done) {
    boolean overtaken = views.current().id() != view;
    if (overtaken && time.chance(0.5)) {
      lateWrites++;
      time.after(time.between(20, 400), () -> takePlace(key, entry, condition, done));
      return;
    }
    takePlace(key, entry, condition, done);
    if (overtaken || time.chance(0.05)) {
      lateWrites++;
      time.after(time.between(20, 400), () -> takePlace(key, entry, condition, ignored -> {}));
    }
  }

  private void takePlace(
      Object key, @Nullable E entry, Condition<E> condition, Consumer<Result<E>> done) {
    E there = truth(key);
    boolean repeated = entry != null && there == entry;
    if (!repeated && !condition.holds(there)) {
      time.after(time.between(1, 5), () -> done.accept(new Result<>(false, there)));
      return;
    }
    Versioned<E> written = new Versioned<>(++writes, entry);
    truth.put(key, written);
    int slowest = 0;
    for (Member member : views.current().members()) {
      int delay = time.between(1, 15);
      slowest = Math.max(slowest, delay);
      time.after(delay, () -> keep(member, key, written));
    }
    time.after(slowest, () -> done.accept(new Result<>(true, entry)));
  }

  /** Sends a joiner what there is. */
  public void transferTo(Member joiner) {
    Map<Object, Versioned<E>> state = new HashMap<>(truth);
    time.after(
        time.between(5, 60),
        () -> {
          state.forEach((key, entry) -> keep(joiner, key, entry));
          complete.add(joiner);
        });
  }

  public void forget(Member member) {
    copies.remove(member);
    complete.remove(member);
  }

  public long lateWrites() {
    return lateWrites;
  }

  private void keep(Member member, Object key, Versioned<E> written) {
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

  private record Versioned<E>(long order, @Nullable E entry) {}
}
