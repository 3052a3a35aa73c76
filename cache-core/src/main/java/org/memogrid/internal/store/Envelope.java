/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Codec;

/**
 * One entry as every engine holds it: the value, a version that no other write has, the deadline,
 * the idle length and the time of the last use, and what a feature adds. Immutable to the eye but
 * for the last use; equal to another envelope if the versions are equal.
 *
 * <p>Invariant: the payload is either the encoded bytes or, once somebody asked for it here, the
 * value; never both, and never decoded just to be held, so a member that lacks the class can still
 * be an owner. An envelope without payload is a tombstone: it holds its place against late writes
 * and reads as a miss.
 *
 * <p>An envelope written over another on condition knows the last versions before it, so the writer
 * of one of them can tell that its own write landed, though the engine, which repeats a write when
 * owners change, found another in its place and answered no.
 *
 * <p>Times are milliseconds since the epoch by the clock of the member that wrote. The engine
 * counts an entry's life from its arrival, so clocks that differ do not end it early.
 */
public final class Envelope {
  /** No deadline. */
  public static final long NEVER = Long.MAX_VALUE;

  /** No fencing token. */
  public static final long NO_TOKEN = Long.MIN_VALUE;

  /** How many versions before its own an envelope knows. */
  static final int ANCESTORS = 8;

  private final long origin;
  private final long number;
  private final long token;

  // A hit reads these three and no more of an entry that never ends: they lie side by side.

  private volatile @Nullable Object value;
  private volatile byte @Nullable [] bytes;

  /** Null if nothing ends it, as with most. */
  private final @Nullable Life life;

  private final More more;

  /** A hint: a lost update, or an old period's return, costs a note too many or too few. */
  private short seenIn;

  /** A hint: a lost update costs another look. */
  private boolean plain;

  private Envelope(
      long origin,
      long number,
      long token,
      @Nullable Object value,
      byte @Nullable [] bytes,
      @Nullable Life life,
      More more) {
    this.origin = origin;
    this.number = number;
    this.token = token;
    this.value = value;
    this.bytes = bytes;
    this.life = life;
    this.more = more;
  }

  private static Envelope of(Version version, @Nullable Object value, byte @Nullable [] bytes) {
    return new Envelope(version.origin, version.number, NO_TOKEN, value, bytes, null, More.NONE);
  }

  private Envelope with(long token, @Nullable Life life, More more) {
    while (true) {
      Object held = value;
      byte[] encoded = bytes;
      if (held != null || encoded != null || isTombstone()) {
        return new Envelope(origin, number, token, held, held == null ? encoded : null, life, more);
      } // it was decoded in between
    }
  }

  private Envelope with(More more) {
    return with(token, lifeAgain(), more);
  }

  private @Nullable Life lifeAgain() {
    return life == null ? null : life.copy();
  }

  /** A value that stays in this process. */
  public static Envelope ofValue(Version version, Object value) {
    return of(version, value, null);
  }

  /** A value in its encoded form. */
  public static Envelope ofBytes(Version version, byte[] bytes) {
    return of(version, null, bytes);
  }

  public static Envelope tombstone(Version version) {
    return of(version, null, null);
  }

  /** The same with a deadline, an idle length (0 for none) and the time of its last use. */
  public Envelope expiring(long expiresAt, long idleMillis, long touchedAt) {
    return with(token, Life.of(expiresAt, idleMillis, touchedAt, isRenewed()), more);
  }

  /** The same entry, written again because it was used: no event. */
  public Envelope renewed() {
    return with(token, Life.of(expiresAt(), idleMillis(), touchedAt(), true), more);
  }

  /** Whether this was written because the entry was used. */
  public boolean isRenewed() {
    return life != null && life.renewed;
  }

  public Envelope withToken(long token) {
    return with(token, lifeAgain(), more);
  }

  public Envelope withFresh(Fresh fresh) {
    return with(new More(fresh, more.tags, more.ancestors, more.first));
  }

  public Envelope withTags(Set<String> tags) {
    return with(new More(more.fresh, tags, more.ancestors, more.first));
  }

  /**
   * The same, written on condition that {@code before} is there. Of each writer the last version
   * alone is kept: who still asks whether he wrote has written nothing since.
   */
  public Envelope after(Envelope before) {
    List<Version> line = new ArrayList<>(ANCESTORS);
    line.add(before.version());
    for (Version each : before.ancestors()) {
      if (line.size() < ANCESTORS
          && line.stream().noneMatch(later -> Versions.areOfOneWriter(later, each))) {
        line.add(each);
      }
    }
    Envelope next = withAncestors(line);
    return before.isTombstone() ? next.first() : next;
  }

  /** The same, written over a tombstone: the first value, though not the first entry. */
  public Envelope first() {
    return with(new More(more.fresh, more.tags, more.ancestors, true));
  }

  /** Whether this was written on condition that a tombstone is there. */
  public boolean isFirst() {
    return more.first;
  }

  public Envelope withAncestors(List<Version> ancestors) {
    return with(new More(more.fresh, more.tags, ancestors, more.first));
  }

  /** The versions before this, the latest first, as far as they are kept. */
  public List<Version> ancestors() {
    return more.ancestors;
  }

  /** Whether {@code write} was stored: this is it, or was written over it on condition. */
  public boolean provesLanded(Envelope write) {
    return equals(write) || more.ancestors.contains(write.version());
  }

  public Version version() {
    return new Version(origin, number);
  }

  public long expiresAt() {
    return life == null ? NEVER : life.expiresAt;
  }

  public long idleMillis() {
    return life == null ? 0 : life.idleMillis;
  }

  /** When it was last known to be used, at most a quarter of the idle length ago while in use. */
  public long touchedAt() {
    return life == null ? 0 : life.touchedAt;
  }

  public long token() {
    return token;
  }

  /** Null if the entry is as good on its last day as on its first. */
  public @Nullable Fresh fresh() {
    return more.fresh;
  }

  public Set<String> tags() {
    return more.tags;
  }

  public boolean isTombstone() {
    return value == null && bytes == null && value == null; // the last: decoded in between
  }

  /** Whether it ends by itself. */
  public boolean isMortal() {
    return life != null && life.isMortal();
  }

  /**
   * How long it still lives if nobody uses it: until its deadline, or until 1.25 times the idle
   * length after the last known use. 0 or less if it is over; {@link #NEVER} if it never is.
   */
  public long lifeLeft(long now) {
    return life == null ? NEVER : life.left(now);
  }

  /** Whether the last known use is a quarter of the idle length back. */
  public boolean isTouchDue(long now) {
    return life != null && life.isTouchDue(now);
  }

  /**
   * Whether a clock that is behind by at most {@code lag} can tell that it is alive, that its use
   * need not be noted, and that it is as it should be.
   */
  public boolean isSteady(long now, long lag) {
    Life ends = life;
    Fresh fresh = more.fresh;
    return (ends == null
            || (Math.min(ends.left(now), ends.heldUntil - now) > lag
                && (ends.idleMillis == 0 || !ends.isTouchDue(now + lag))))
        && (fresh == null || Math.min(fresh.refreshAt, fresh.until) - now > lag);
  }

  /**
   * From when on {@link #isSteady} says no, as far as can be said now: a use may put it off. {@link
   * #NEVER} if nothing ends it nor makes it old.
   */
  public long steadyUntil(long lag) {
    Fresh fresh = more.fresh;
    long until = life == null ? NEVER : life.steadyUntil();
    until = fresh == null ? until : Math.min(until, Math.min(fresh.refreshAt, fresh.until));
    return until == NEVER ? NEVER : until - lag;
  }

  /** Has it end for readers of copies when it does where it is held, whatever the clocks. */
  public void heldUntil(long end) {
    if (life != null) {
      life.heldUntil = end;
    }
  }

  /** Whether a use was noted in this period before; notes it. */
  public boolean wasSeen(int period) {
    if (seenIn == (short) period) {
      return true;
    }
    seenIn = (short) period;
    return false;
  }

  /** Has {@link #isPlain} answer yes. */
  public void setPlain() {
    plain = true;
  }

  /**
   * Whether the feature whose entry this is has found that the value is what callers get, so that
   * none of them need look what it is: a look at an object is the dearest part of a hit.
   */
  public boolean isPlain() {
    return plain;
  }

  /** Notes a use if it is due. One of several callers gets true, and tells the other holders. */
  public boolean touch(long now) {
    return life != null && life.touch(now);
  }

  /**
   * The value, decoded on the first call.
   *
   * @throws IllegalStateException if this is a tombstone
   */
  public Object value(Codec codec) {
    Object held = value;
    return held == null ? decoded(codec) : held;
  }

  private Object decoded(Codec codec) {
    byte[] encoded = bytes;
    if (encoded != null) {
      Object decoded = codec.decode(encoded);
      value = decoded; // before the bytes go: whoever misses both looks for it once more
      bytes = null;
      return decoded;
    }
    Object held = value;
    if (held == null) {
      throw new IllegalStateException("a tombstone has no value: " + this);
    }
    return held;
  }

  /** The value if it is held as such; null if it is encoded, and for a tombstone. */
  public @Nullable Object localValue() {
    return value;
  }

  /** The encoded form; null for a tombstone. */
  public byte @Nullable [] bytes(Codec codec) {
    byte[] encoded = bytes;
    if (encoded != null) {
      return encoded;
    }
    Object held = value;
    return held == null ? null : codec.encode(held);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Envelope that && origin == that.origin && number == that.number;
  }

  @Override
  public int hashCode() {
    return 31 * Long.hashCode(origin) + Long.hashCode(number);
  }

  @Override
  public String toString() {
    return "Envelope[" + version() + (isTombstone() ? ", tombstone]" : "]");
  }

  /**
   * Unique in the cluster and for ever.
   *
   * @param origin random per member and start
   * @param number rises with every write of that member
   */
  public record Version(long origin, long number) {}

  /**
   * How long an entry is as it should be; from then until its deadline it is stale.
   *
   * @param refreshAt when it should be replaced in the background, {@link #NEVER} for never
   * @param until when it becomes stale
   * @param costMillis how long it took to compute
   */
  public record Fresh(long refreshAt, long until, long costMillis) {}

  /** What ends it. The last use is told to one envelope alone. */
  private static final class Life {
    private static final AtomicLongFieldUpdater<Life> TOUCHED_AT =
        AtomicLongFieldUpdater.newUpdater(Life.class, "touchedAt");

    final long expiresAt;
    final long idleMillis;
    final boolean renewed;
    volatile long touchedAt;

    /** When the holder lets go of it by its own clock; set before others can see it. */
    long heldUntil = NEVER;

    private Life(long expiresAt, long idleMillis, long touchedAt, boolean renewed) {
      this.expiresAt = expiresAt;
      this.idleMillis = idleMillis;
      this.touchedAt = touchedAt;
      this.renewed = renewed;
    }

    static @Nullable Life of(long expiresAt, long idleMillis, long touchedAt, boolean renewed) {
      return expiresAt == NEVER && idleMillis == 0 && touchedAt == 0 && !renewed
          ? null
          : new Life(expiresAt, idleMillis, touchedAt, renewed);
    }

    Life copy() {
      return new Life(expiresAt, idleMillis, touchedAt, renewed);
    }

    boolean isMortal() {
      return expiresAt != NEVER || idleMillis != 0;
    }

    long left(long now) {
      long left = expiresAt == NEVER ? NEVER : expiresAt - now;
      return idleMillis == 0 ? left : Math.min(left, touchedAt + idleMillis + idleMillis / 4 - now);
    }

    long steadyUntil() {
      long end = Math.min(expiresAt, heldUntil);
      long used = touchedAt;
      return idleMillis == 0
          ? end
          : Math.min(end, used + Math.min(idleMillis + idleMillis / 4, touchAfter()));
    }

    boolean isTouchDue(long now) {
      return now - touchedAt >= touchAfter();
    }

    private long touchAfter() {
      return Math.max(1, idleMillis / 4);
    }

    boolean touch(long now) {
      long before = touchedAt;
      return now - before >= touchAfter() && TOUCHED_AT.compareAndSet(this, before, now);
    }
  }

  /** What few have. */
  private record More(
      @Nullable Fresh fresh, Set<String> tags, List<Version> ancestors, boolean first) {
    static final More NONE = new More(null, Set.of(), List.of(), false);

    More {
      tags = Set.copyOf(tags);
      ancestors = List.copyOf(ancestors);
    }
  }
}
