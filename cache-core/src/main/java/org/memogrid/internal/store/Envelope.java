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

  private static final AtomicLongFieldUpdater<Envelope> TOUCHED_AT =
      AtomicLongFieldUpdater.newUpdater(Envelope.class, "touchedAt");

  private final Version version;
  private final long expiresAt;
  private final long idleMillis;
  private final long token;
  private final @Nullable Fresh fresh;
  private final Set<String> tags;
  private final List<Version> ancestors;
  private final boolean renewed;
  private final boolean first;
  private volatile long touchedAt;
  private volatile @Nullable Object payload;

  /** When the holder of this lets go of it by its own clock; set before others can see it. */
  private long heldUntil = NEVER;

  /** A hint: a lost update costs a note too many or too few. */
  private int seenIn;

  private Envelope(
      Version version,
      @Nullable Object payload,
      Life life,
      long token,
      @Nullable Fresh fresh,
      Set<String> tags,
      List<Version> ancestors,
      boolean first) {
    this.version = version;
    this.payload = payload;
    this.expiresAt = life.expiresAt;
    this.idleMillis = life.idleMillis;
    this.touchedAt = life.touchedAt;
    this.renewed = life.renewed;
    this.token = token;
    this.fresh = fresh;
    this.tags = Set.copyOf(tags);
    this.ancestors = List.copyOf(ancestors);
    this.first = first;
  }

  /** A value that stays in this process. */
  public static Envelope ofValue(Version version, Object value) {
    return new Envelope(version, value, Life.ETERNAL, NO_TOKEN, null, Set.of(), List.of(), false);
  }

  /** A value in its encoded form. */
  public static Envelope ofBytes(Version version, byte[] bytes) {
    return new Envelope(
        version, new Encoded(bytes), Life.ETERNAL, NO_TOKEN, null, Set.of(), List.of(), false);
  }

  public static Envelope tombstone(Version version) {
    return new Envelope(version, null, Life.ETERNAL, NO_TOKEN, null, Set.of(), List.of(), false);
  }

  /** The same with a deadline, an idle length (0 for none) and the time of its last use. */
  public Envelope expiring(long expiresAt, long idleMillis, long touchedAt) {
    return new Envelope(
        version,
        payload,
        new Life(expiresAt, idleMillis, touchedAt, renewed),
        token,
        fresh,
        tags,
        ancestors,
        first);
  }

  /** The same entry, written again because it was used: no event. */
  public Envelope renewed() {
    return new Envelope(
        version,
        payload,
        new Life(expiresAt, idleMillis, touchedAt, true),
        token,
        fresh,
        tags,
        ancestors,
        first);
  }

  /** Whether this was written because the entry was used. */
  public boolean isRenewed() {
    return renewed;
  }

  public Envelope withToken(long token) {
    return new Envelope(version, payload, life(), token, fresh, tags, ancestors, first);
  }

  public Envelope withFresh(Fresh fresh) {
    return new Envelope(version, payload, life(), token, fresh, tags, ancestors, first);
  }

  public Envelope withTags(Set<String> tags) {
    return new Envelope(version, payload, life(), token, fresh, tags, ancestors, first);
  }

  /**
   * The same, written on condition that {@code before} is there. Of each writer the last version
   * alone is kept: who still asks whether he wrote has written nothing since.
   */
  public Envelope after(Envelope before) {
    List<Version> line = new ArrayList<>(ANCESTORS);
    line.add(before.version);
    for (Version each : before.ancestors) {
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
    return new Envelope(version, payload, life(), token, fresh, tags, ancestors, true);
  }

  /** Whether this was written on condition that a tombstone is there. */
  public boolean isFirst() {
    return first;
  }

  public Envelope withAncestors(List<Version> ancestors) {
    return new Envelope(version, payload, life(), token, fresh, tags, ancestors, first);
  }

  /** The versions before this, the latest first, as far as they are kept. */
  public List<Version> ancestors() {
    return ancestors;
  }

  /** Whether {@code write} was stored: this is it, or was written over it on condition. */
  public boolean provesLanded(Envelope write) {
    return equals(write) || ancestors.contains(write.version);
  }

  private Life life() {
    return new Life(expiresAt, idleMillis, touchedAt, renewed);
  }

  public Version version() {
    return version;
  }

  public long expiresAt() {
    return expiresAt;
  }

  public long idleMillis() {
    return idleMillis;
  }

  /** When it was last known to be used, at most a quarter of the idle length ago while in use. */
  public long touchedAt() {
    return touchedAt;
  }

  public long token() {
    return token;
  }

  /** Null if the entry is as good on its last day as on its first. */
  public @Nullable Fresh fresh() {
    return fresh;
  }

  public Set<String> tags() {
    return tags;
  }

  public boolean isTombstone() {
    return payload == null;
  }

  /** Whether it ends by itself. */
  public boolean isMortal() {
    return expiresAt != NEVER || idleMillis != 0;
  }

  /**
   * How long it still lives if nobody uses it: until its deadline, or until 1.25 times the idle
   * length after the last known use. 0 or less if it is over; {@link #NEVER} if it never is.
   */
  public long lifeLeft(long now) {
    long left = expiresAt == NEVER ? NEVER : expiresAt - now;
    return idleMillis == 0 ? left : Math.min(left, touchedAt + idleMillis + idleMillis / 4 - now);
  }

  /** Whether the last known use is a quarter of the idle length back. */
  public boolean isTouchDue(long now) {
    return now - touchedAt >= Math.max(1, idleMillis / 4);
  }

  /**
   * Whether a clock that is behind by at most {@code lag} can tell that it is alive, that its use
   * need not be noted, and that it is as it should be.
   */
  public boolean isSteady(long now, long lag) {
    return Math.min(lifeLeft(now), heldUntil - now) > lag
        && (idleMillis == 0 || !isTouchDue(now + lag))
        && (fresh == null || Math.min(fresh.refreshAt, fresh.until) - now > lag);
  }

  /** Has it end for readers of copies when it does where it is held, whatever the clocks. */
  public void heldUntil(long end) {
    heldUntil = end;
  }

  /** Whether a use was noted in this period before; notes it. */
  public boolean wasSeen(int period) {
    if (seenIn == period) {
      return true;
    }
    seenIn = period;
    return false;
  }

  /** Notes a use if it is due. One of several callers gets true, and tells the other holders. */
  public boolean touch(long now) {
    long before = touchedAt;
    return now - before >= Math.max(1, idleMillis / 4)
        && TOUCHED_AT.compareAndSet(this, before, now);
  }

  /**
   * The value, decoded on the first call.
   *
   * @throws IllegalStateException if this is a tombstone
   */
  public Object value(Codec codec) {
    Object held = payload;
    if (held == null) {
      throw new IllegalStateException("a tombstone has no value: " + this);
    }
    if (held instanceof Encoded encoded) {
      Object value = codec.decode(encoded.bytes());
      payload = value;
      return value;
    }
    return held;
  }

  /** The value if it is held as such; null if it is encoded, and for a tombstone. */
  public @Nullable Object localValue() {
    Object held = payload;
    return held instanceof Encoded ? null : held;
  }

  /** The encoded form; null for a tombstone. */
  public byte @Nullable [] bytes(Codec codec) {
    Object held = payload;
    if (held == null) {
      return null;
    }
    return held instanceof Encoded encoded ? encoded.bytes() : codec.encode(held);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Envelope that && version.equals(that.version);
  }

  @Override
  public int hashCode() {
    return version.hashCode();
  }

  @Override
  public String toString() {
    return "Envelope[" + version + (isTombstone() ? ", tombstone]" : "]");
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

  private record Life(long expiresAt, long idleMillis, long touchedAt, boolean renewed) {
    static final Life ETERNAL = new Life(NEVER, 0, 0, false);
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Encoded(byte[] bytes) {}
}
