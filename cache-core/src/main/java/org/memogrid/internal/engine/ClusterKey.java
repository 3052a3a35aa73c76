/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.store.KeyHash;

/**
 * A user's key as the clustered engine holds it: with a hash that is the same in every JVM, encoded
 * until somebody here compares it. Equal to another if the encoded forms are equal or, decoded, the
 * keys are. A member that lacks the key's class holds it and sends it on all the same.
 *
 * <p>Invariant: at any time at least one of the two forms is there; the key is set before the bytes
 * are let go.
 */
final class ClusterKey {
  private final int hash;
  private final Codec codec;
  private volatile @Nullable Object key;
  private volatile byte @Nullable [] bytes;

  private ClusterKey(int hash, Codec codec, @Nullable Object key, byte @Nullable [] bytes) {
    this.hash = hash;
    this.codec = codec;
    this.key = key;
    this.bytes = bytes;
  }

  /** A key to look for. */
  static ClusterKey of(Object key, Codec codec) {
    return new ClusterKey(KeyHash.of(key, codec), codec, key, null);
  }

  /**
   * A key to write, in both forms until {@link #settle}.
   *
   * @throws IllegalArgumentException if it may not cross the wire
   */
  static ClusterKey written(Object key, Codec codec) {
    return new ClusterKey(KeyHash.of(key, codec), codec, key, codec.encode(key));
  }

  /** A key as it came from another member. */
  static ClusterKey arrived(int hash, byte[] bytes, Codec codec) {
    return new ClusterKey(hash, codec, null, bytes);
  }

  /** The user's key, decoded on the first call. */
  Object key() {
    Object held = key;
    if (held != null) {
      return held;
    }
    byte[] encoded = bytes;
    if (encoded == null) { // let go between the two reads: then the key is there
      return present(key);
    }
    Object decoded = codec.decode(encoded);
    key = decoded;
    bytes = null;
    return decoded;
  }

  byte[] bytes() {
    byte[] encoded = bytes;
    return encoded != null ? encoded : codec.encode(present(key));
  }

  /** Lets go of the encoded form, once the write is over. */
  void settle() {
    bytes = null;
  }

  private static Object present(@Nullable Object key) {
    if (key == null) {
      throw new IllegalStateException("a key lost both its forms");
    }
    return key;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    if (this == other) {
      return true;
    }
    if (!(other instanceof ClusterKey that) || hash != that.hash) {
      return false;
    }
    byte[] mine = bytes;
    byte[] others = that.bytes;
    if (mine != null && others != null && Arrays.equals(mine, others)) {
      return true;
    }
    return key().equals(that.key());
  }

  @Override
  public int hashCode() {
    return hash;
  }

  @Override
  public String toString() {
    Object held = key;
    return held != null ? held.toString() : "key#" + Integer.toHexString(hash);
  }
}
