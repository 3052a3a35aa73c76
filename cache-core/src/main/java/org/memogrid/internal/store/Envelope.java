/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Codec;

/**
 * One entry as every engine holds it: the value, a version that no other write has, the deadline,
 * the idle length, and what a feature adds. Immutable to the eye; equal to another envelope if the
 * versions are equal.
 *
 * <p>Invariant: the payload is either the encoded bytes or, once somebody asked for it here, the
 * value; never both, and never decoded just to be held, so a member that lacks the class can still
 * be an owner. An envelope without payload is a tombstone: it holds its place against late writes
 * and reads as a miss.
 */
public final class Envelope {
  /** No deadline. */
  public static final long NEVER = Long.MAX_VALUE;

  /** No fencing token. */
  public static final long NO_TOKEN = Long.MIN_VALUE;

  private final Version version;
  private final long expiresAt;
  private final long idleMillis;
  private final long token;
  private final Set<String> tags;
  private volatile @Nullable Object payload;

  private Envelope(
      Version version,
      @Nullable Object payload,
      long expiresAt,
      long idleMillis,
      long token,
      Set<String> tags) {
    this.version = version;
    this.payload = payload;
    this.expiresAt = expiresAt;
    this.idleMillis = idleMillis;
    this.token = token;
    this.tags = Set.copyOf(tags);
  }

  /** A value that stays in this process. */
  public static Envelope ofValue(Version version, Object value) {
    return new Envelope(version, value, NEVER, 0, NO_TOKEN, Set.of());
  }

  /** A value in its encoded form. */
  public static Envelope ofBytes(Version version, byte[] bytes) {
    return new Envelope(version, new Encoded(bytes), NEVER, 0, NO_TOKEN, Set.of());
  }

  public static Envelope tombstone(Version version) {
    return new Envelope(version, null, NEVER, 0, NO_TOKEN, Set.of());
  }

  /** The same with a deadline, in milliseconds since the epoch, and an idle length, 0 for none. */
  public Envelope expiring(long expiresAt, long idleMillis) {
    return new Envelope(version, payload, expiresAt, idleMillis, token, tags);
  }

  public Envelope withToken(long token) {
    return new Envelope(version, payload, expiresAt, idleMillis, token, tags);
  }

  public Envelope withTags(Set<String> tags) {
    return new Envelope(version, payload, expiresAt, idleMillis, token, tags);
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

  public long token() {
    return token;
  }

  public Set<String> tags() {
    return tags;
  }

  public boolean isTombstone() {
    return payload == null;
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

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Encoded(byte[] bytes) {}
}
