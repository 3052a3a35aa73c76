/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What this member has read from others of late, by the user's own keys. Nobody tells it of the
 * writes of others, so all that it promises about those is an age.
 *
 * <p>A key has a <i>place</i>, as in a {@link NearMap}. Invariants:
 *
 * <ol>
 *   <li>A copy is as old as the beginning of the read that brought it, and none is found that is
 *       older than the greatest age, by a clock that may be behind.
 *   <li>A place counts what <i>happened</i> to it while somebody reads it: the ends of this
 *       member's writes, and the ends of reads that brought news. A read that something happened to
 *       is not copied, and takes away a copy that differs from what it brought.
 *   <li>The end of a write takes the copy away before its writer hears of it.
 *   <li>A copy is good for one pass of the source, and until the next clear.
 * </ol>
 *
 * <p>The race that 2 and 3 are about:
 *
 * <ol>
 *   <li>A read asks the owner, which answers 1.
 *   <li>This member writes 2: the owner has it, the write returns.
 *   <li>The read comes back and would copy 1.
 *   <li>A read that begins now would find 1.
 * </ol>
 *
 * <p>At 3 the read finds that its place has changed. If it comes back just before the write's end
 * it copies 1, and the write's end takes that away: both run under the lock of the place. Two reads
 * of which the first to ask is the last to come back are another: neither knows which of them is
 * the older, so if they differ none of them stays.
 *
 * <p>Under a place's lock nothing else is called: Caffeine tells of evictions while it holds locks
 * of its own, and those take the place's.
 *
 * @param <P> a place; equal places are one
 * @param <V> what is read; immutable to the eye; equal if it is of the same write
 */
final class NearCopies<P, V> {
  private static final Object CLOSED = new Object();

  /** A bounded map that hears of each use orders its entries at the expense of readers. */
  private static final long NOTED_EVERY_MILLIS = 100;

  /** Where the entries are. */
  interface Source<P> {
    /** As {@link NearMap.Source#pass}. */
    @Nullable Object pass();

    /** Whether the pass has other members answer for the place. */
    boolean isElsewhere(P place, Object pass);
  }

  /**
   * A read of another member; {@link #end} must follow. Then it is the copy of what it brought, as
   * long as that is good. Itself alone.
   */
  static final class Reading<P, V> {
    private final P place;
    private final Object pass;
    private final Object clear;
    private final long begun;
    private long changes;
    private volatile @Nullable V value;

    /** When the bound last heard that it is in use; racy, and none the worse for that. */
    private long noted;

    private Reading(P place, Object pass, Object clear, long begun) {
      this.place = place;
      this.pass = pass;
      this.clear = clear;
      this.begun = begun;
      this.noted = begun;
    }

    P place() {
      return place;
    }
  }

  /** What happens to a place; there while it has a copy or a reader. Guarded by the map's lock. */
  private static final class Spot<P, V> {
    @Nullable Reading<P, V> copy;
    int readers;
    long changes;

    void change(@Nullable Reading<P, V> next) {
      changes++;
      if (copy != null) {
        copy.value = null;
      }
      copy = next;
    }

    @Nullable Spot<P, V> orNull() {
      return copy == null && readers == 0 ? null : this;
    }
  }

  private final Source<P> source;
  private final CoarseClock clock;
  private final long usableMillis;
  private final Cache<Object, Reading<P, V>> copies;
  private final Policy<Object, Reading<P, V>> quietly;
  private final ConcurrentMap<P, Spot<P, V>> places = new ConcurrentHashMap<>();
  private final AtomicBoolean sweeping = new AtomicBoolean();

  /** Another object after each clear. */
  private volatile Object clear = new Object();

  private volatile @Nullable Object lastPass;

  NearCopies(Source<P> source, CoarseClock clock, long maxEntries, Duration maxAge) {
    this.source = source;
    this.clock = clock;
    this.usableMillis = millis(maxAge) - clock.lag();
    this.copies =
        Caffeine.newBuilder()
            .maximumSize(maxEntries)
            .expireAfterWrite(millis(maxAge), TimeUnit.MILLISECONDS) // lets go of what is too old
            .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.elapsed()))
            .executor(Runnable::run)
            .evictionListener(this::onEviction)
            .build();
    this.quietly = copies.policy();
  }

  private static long millis(Duration duration) {
    return Math.min(TimeUnit.MILLISECONDS.convert(duration), TimeUnit.DAYS.toMillis(36_500));
  }

  /** The copy for a key; null says nothing. */
  @Nullable V get(Object key) {
    Reading<P, V> copy = quietly.getIfPresentQuietly(key);
    if (copy == null || !isCurrent(copy)) {
      return null;
    }
    long now = clock.elapsed();
    if (now - copy.begun >= usableMillis) {
      return null;
    }
    if (now - copy.noted >= NOTED_EVERY_MILLIS) {
      copy.noted = now;
      var unused = copies.getIfPresent(key);
    }
    return copy.value;
  }

  private boolean isCurrent(Reading<P, V> reading) {
    return reading.pass == source.pass() && reading.clear == clear;
  }

  /** To be called before an owner is asked; null if this member is one, or may not ask. */
  @Nullable Reading<P, V> begin(P place) {
    Object now = clear;
    Object pass = source.pass();
    if (pass == null || now == CLOSED || !source.isElsewhere(place, pass)) {
      return null;
    }
    if (pass != lastPass) {
      lastPass = pass;
      sweep();
    }
    Reading<P, V> reading = new Reading<>(place, pass, now, clock.elapsed());
    var unused =
        places.compute(
            place,
            (p, there) -> {
              Spot<P, V> spot = there == null ? new Spot<>() : there;
              spot.readers++;
              reading.changes = spot.changes;
              return spot;
            });
    return reading;
  }

  /**
   * Copies what the read brought, unless something happened meanwhile.
   *
   * @param found null if the owners have nothing, or did not answer
   */
  void end(Reading<P, V> reading, Object key, @Nullable V found) {
    reading.value = found;
    var unused =
        places.computeIfPresent(
            reading.place,
            (p, there) -> {
              there.readers--;
              if (there.changes == reading.changes && isCurrent(reading)) {
                there.change(found == null ? null : reading);
                return there.orNull();
              }
              reading.value = null;
              if (there.copy != null && !holds(there.copy, found)) {
                there.change(null);
              }
              return there.orNull();
            });
    if (reading.value != null) {
      put(key, reading);
    }
  }

  private static <P, V> boolean holds(Reading<P, V> copy, @Nullable V found) {
    V value = copy.value;
    return value != null && value.equals(found);
  }

  private void put(Object key, Reading<P, V> copy) {
    Reading<P, V> before = copies.asMap().put(key, copy);
    if (before != null) { // maybe the younger one, which came in between
      forget(before);
    }
  }

  /** This member's write of the place has ended, whatever became of it. */
  void written(P place) {
    var unused =
        places.computeIfPresent(
            place,
            (p, there) -> {
              there.change(null);
              return there.orNull();
            });
  }

  /** A write of unknown places has ended. */
  void cleared() {
    renew(new Object());
  }

  /** Lets go of all copies; there are none from now on. */
  void close() {
    renew(CLOSED);
  }

  private void renew(Object next) {
    synchronized (this) {
      clear = clear == CLOSED ? CLOSED : next;
    }
    sweep();
  }

  long size() {
    return copies.asMap().size();
  }

  /** How many places are remembered, those being read included. */
  int places() {
    return places.size();
  }

  private void onEviction(
      @Nullable Object key, @Nullable Reading<P, V> copy, RemovalCause unusedAnyCause) {
    if (copy != null) {
      forget(copy);
    }
  }

  private void forget(Reading<P, V> copy) {
    var unused =
        places.computeIfPresent(
            copy.place,
            (p, there) -> {
              if (there.copy == copy) {
                there.change(null);
              }
              return there.orNull();
            });
  }

  /** Lets go of what is of another pass or from before a clear; not at a reader's expense. */
  private void sweep() {
    if (sweeping.compareAndSet(false, true)) {
      ForkJoinPool.commonPool()
          .execute(
              () -> {
                sweeping.set(false); // what ends from now on is swept for again
                copies.asMap().forEach(this::forgetIfOver);
              });
    }
  }

  private void forgetIfOver(Object key, Reading<P, V> copy) {
    if (!isCurrent(copy) && copies.asMap().remove(key, copy)) {
      forget(copy);
    }
  }
}
