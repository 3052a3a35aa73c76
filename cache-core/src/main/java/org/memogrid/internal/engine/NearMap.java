/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What this member holds itself of a shared map, once more, by the user's own keys: a read of it
 * costs one look-up, where the engine's costs a dozen interceptors.
 *
 * <p>A key has a <i>place</i>, the key as the source knows it. Copies live in a <i>front</i>, which
 * serves as long as the source's <i>pass</i> is the object that it was made for. Invariants:
 *
 * <ol>
 *   <li>A copy is taken under the lock of its place, of what the source holds there at that moment,
 *       and only while no write of the place is under way.
 *   <li>A write closes its place before it changes the source and opens it when the source has
 *       changed. Closing it takes the copy away.
 *   <li>So as long as a copy can be found in the present front, the source holds the same, or has
 *       let it go because it was full or the entry's time was over.
 *   <li>A new pass makes an empty front. A copy that is being taken for the old one lands where
 *       nobody looks any more.
 *   <li>A copy whose reader says what value it stands for gives way to that value, so that the next
 *       reader need not look at a copy, which lies somewhere else than the map: that is most of
 *       what finding it costs. The value comes and goes as the copy would.
 * </ol>
 *
 * <p>From 3 and 4: a read that finds a copy finds what the source would have answered at some
 * moment of that read. Nothing is promised here about other members: what they see of a write, and
 * when, is the source's to say, and a copy is never older than that.
 *
 * <p>Lock order: the source's lock of a key, then the place's. Under a place's lock the source is
 * only peeked at. A read takes no lock and writes nothing.
 *
 * @param <P> a place; equal places are one
 * @param <V> what is held; immutable to the eye
 */
final class NearMap<P, V> {
  /** What is copied. */
  interface Source<P, V> {
    /**
     * What the right to answer reads here depends on: the same object as long as nothing about it
     * has changed, null while reads are refused.
     */
    @Nullable Object pass();

    /** What is held of the place, null if nothing is, or if the pass does not cover the place. */
    @Nullable V peek(P place, Object pass);
  }

  /** The copies of one pass. Itself alone. */
  private static final class Front<V> {
    final @Nullable Object pass;
    final ConcurrentHashMap<Object, V> copies = new ConcurrentHashMap<>();
    final NearValues values = new NearValues();

    Front(@Nullable Object pass) {
      this.pass = pass;
    }

    boolean has(Object key) {
      return copies.containsKey(key) || values.has(key);
    }

    void remove(Object key) {
      copies.remove(key);
      values.remove(key);
    }

    long size() {
      return copies.mappingCount() + values.size();
    }
  }

  /** Stands in a place that is being written: by how many. */
  private record Writers(int count) {
    static final Writers ONE = new Writers(1);

    Writers more() {
      return new Writers(count + 1);
    }

    @Nullable Writers less() {
      return count == 1 ? null : count == 2 ? ONE : new Writers(count - 1);
    }
  }

  private final Source<P, V> source;

  /** The user's key under which a place is copied, or its {@link Writers}. */
  private final ConcurrentMap<P, Object> places = new ConcurrentHashMap<>();

  private final AtomicInteger clears = new AtomicInteger();
  private final AtomicBoolean sweeping = new AtomicBoolean();
  private volatile Front<V> front;
  private volatile boolean closed;

  NearMap(Source<P, V> source) {
    this.source = source;
    this.front = new Front<>(new Object()); // no pass is that: the first read makes the first front
  }

  /** The value of what is held under the key; null says nothing. */
  @Nullable Object value(Object key, long era, CoarseClock clock) {
    Front<V> now = front;
    return now.pass == source.pass() ? now.values.get(key, era, clock) : null;
  }

  /**
   * Has {@link #value} find a value in place of the copy that stands for it.
   *
   * @param copy what {@link #get} found under the key
   * @param until when the value is found no more
   */
  void keep(Object key, P place, V copy, Object value, long until, long era) {
    if (front.values.begin(era)) {
      sweep();
    }
    var unused =
        places.computeIfPresent(
            place,
            (p, there) -> {
              Front<V> now = front;
              if (!there.equals(key) || now.copies.get(there) != copy) {
                return there;
              }
              if (now.values.keep(there, value, until, era)) {
                now.copies.remove(there);
              }
              return front == now ? there : null; // null: it landed where nobody looks
            });
  }

  /** The copy of what is held under the key; null says nothing. */
  @Nullable V get(Object key) {
    Front<V> now = front;
    if (now.pass != source.pass()) {
      renew();
      return null;
    }
    return now.copies.get(key);
  }

  /**
   * Copies what the source holds.
   *
   * @param place equal to the key's; kept, so preferably the source's own
   * @param clock as of {@link #value}
   */
  void fill(Object key, P place, CoarseClock clock) {
    var unused =
        places.compute(
            place,
            (p, there) -> {
              if (there instanceof Writers) {
                return there;
              }
              Front<V> now = front; // before the clears: they count, then change it
              Object pass = source.pass();
              if (pass == null || now.pass != pass || clears.get() != 0) {
                return there;
              }
              V held = source.peek(p, pass);
              if (held == null) {
                return there;
              }
              if (there != null && !there.equals(key)) { // keys whose encoded forms alone are equal
                now.remove(there);
              }
              if (!now.values.stands(key, clock)) {
                now.values.remove(key); // its time is over: the source has what follows
                now.copies.put(key, held);
              }
              return front == now ? key : null; // null: it landed where nobody looks
            });
  }

  /** A write of the place begins. {@link #written} must follow, whatever becomes of it. */
  void writing(P place) {
    var unused =
        places.compute(
            place,
            (p, there) -> {
              if (there instanceof Writers writers) {
                return writers.more();
              }
              if (there != null) {
                front.remove(there);
              }
              return Writers.ONE;
            });
  }

  /** The write is over: the source has changed, or will not. */
  void written(P place) {
    var unused =
        places.computeIfPresent(
            place, (p, there) -> there instanceof Writers writers ? writers.less() : there);
  }

  /** A write of unknown places begins. {@link #cleared} must follow. */
  void clearing() {
    clears.incrementAndGet();
    replaceFront(front.pass);
  }

  void cleared() {
    clears.decrementAndGet();
    sweep();
  }

  /** The source has let go of the place. */
  void drop(P place) {
    var unused =
        places.computeIfPresent(
            place,
            (p, there) -> {
              if (there instanceof Writers) {
                return there;
              }
              front.remove(there);
              return null;
            });
  }

  /** Lets go of all copies; there are none from now on. */
  synchronized void close() {
    closed = true;
    front = new Front<>(new Object());
    sweep();
  }

  long size() {
    return front.size();
  }

  /** How many places are remembered, those being written included. */
  int places() {
    return places.size();
  }

  private void renew() {
    Object pass = source.pass();
    if (pass != null && front.pass != pass) {
      replaceFront(pass);
      sweep();
    }
  }

  private synchronized void replaceFront(@Nullable Object pass) {
    if (!closed) {
      front = new Front<>(pass);
    }
  }

  /** Forgets the places whose copies went with an old front; not at a reader's expense. */
  private void sweep() {
    if (sweeping.compareAndSet(false, true)) {
      ForkJoinPool.commonPool()
          .execute(
              () -> {
                sweeping.set(false); // a front that comes from now on is swept for again
                places.forEach(this::forgetIfLeft);
              });
    }
  }

  private void forgetIfLeft(P place, Object there) {
    if (isLeft(there)) {
      var unused = places.computeIfPresent(place, (p, now) -> isLeft(now) ? null : now);
    }
  }

  private boolean isLeft(Object there) {
    return !(there instanceof Writers) && !front.has(there);
  }
}
