/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Versions;

/**
 * The user's objects in and out of envelopes: by value, where a caller and the cache share nothing
 * that can change, or by reference. Where members share values the copy is the encoded form, which
 * must be made anyway; elsewhere it is the {@link Copier}'s.
 */
final class Values {
  private final Codec codec;
  private final Copier copier;
  private final Versions versions;
  private final long origin;
  private final boolean encodes;
  private final @Nullable References references;
  private final boolean byValue;

  Values(Mode mode, boolean byValue, Codec codec, Copier copier) {
    this.codec = codec;
    this.copier = copier;
    this.versions = new Versions();
    this.origin = versions.next().origin();
    this.byValue = byValue;
    this.encodes = mode == Mode.REPLICATED || mode == Mode.DISTRIBUTED;
    this.references = encodes && !byValue ? new References() : null;
  }

  /** Whether this cache of this member wrote it. */
  boolean isOwn(Envelope entry) {
    return entry.version().origin() == origin;
  }

  /** A key that the cache may keep. */
  <K> K key(K key) {
    return byValue ? copier.copy(key) : key;
  }

  /**
   * A value ready to be stored.
   *
   * @throws IllegalArgumentException if it may not cross the wire, or can't be copied
   */
  Sealed seal(Object value) {
    if (encodes) {
      return new Sealed(value, codec.encode(value));
    }
    return new Sealed(byValue ? copier.copy(value) : value, null);
  }

  /** The value for the user: a copy of the user's own, unless by reference. */
  Object open(Envelope entry) {
    if (references != null) {
      Object kept = references.find(entry.version());
      return kept == null ? entry.value(codec) : kept;
    }
    if (!byValue) {
      return entry.value(codec);
    }
    Object held = entry.localValue();
    if (held != null) {
      return copier.copy(held);
    }
    byte[] bytes = entry.bytes(codec);
    if (bytes == null) {
      throw new IllegalStateException("an entry without a value was read: " + entry);
    }
    Object fresh = codec.decode(bytes);
    if (Copier.isFixed(fresh)) {
      var unused = entry.value(codec); // from now on nothing needs to be decoded here
    }
    return fresh;
  }

  /** One value, from one encoding, in as many envelopes as it takes to store it. */
  final class Sealed {
    private final Object value;
    private final byte @Nullable [] bytes;

    private Sealed(Object value, byte @Nullable [] bytes) {
      this.value = value;
      this.bytes = bytes;
    }

    Envelope envelope() {
      Envelope.Version version = versions.next();
      if (references != null) {
        references.keep(version, value);
      }
      return bytes == null ? Envelope.ofValue(version, value) : Envelope.ofBytes(version, bytes);
    }
  }
}
