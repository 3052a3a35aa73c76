/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.Collection;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.store.Envelope;

/**
 * A result as it travels: as the envelope it was read in, as the bytes that came over the wire, or
 * as what the function returned. Null, which no store takes, goes as an empty list, and so that it
 * can't be mistaken, a result that is a collection goes as a list of it: of any, since a codec may
 * make an ArrayList of what was none, such as a sublist.
 */
final class Payload {
  private final Envelope content;

  private Payload(Envelope content) {
    this.content = content;
  }

  private static final Envelope.Version NONE = new Envelope.Version(0, 0);

  /** What the function returned, to stay in this process. */
  static Payload here(@Nullable Object result) {
    return new Payload(Envelope.ofValue(NONE, wrap(result)));
  }

  /**
   * What the function returned, encoded.
   *
   * @throws IllegalArgumentException if it can't be
   */
  static Payload encoded(@Nullable Object result, Codec codec) {
    return arrived(codec.encode(wrap(result)));
  }

  static Payload arrived(byte[] bytes) {
    return new Payload(Envelope.ofBytes(NONE, bytes));
  }

  static Payload stored(Envelope envelope) {
    return new Payload(envelope);
  }

  byte[] bytes(Codec codec) {
    byte[] bytes = content.bytes(codec);
    return bytes == null ? new byte[0] : bytes;
  }

  /** An entry of the store with this result. */
  Envelope envelope(Envelope.Version version, boolean encoded, Codec codec) {
    return encoded
        ? Envelope.ofBytes(version, bytes(codec))
        : Envelope.ofValue(version, content.value(codec));
  }

  @Nullable Object result(Codec codec) {
    return unwrap(content.value(codec));
  }

  private static Object wrap(@Nullable Object result) {
    if (result == null || result instanceof Collection) {
      ArrayList<@Nullable Object> wrapper = new ArrayList<>(1);
      if (result != null) {
        wrapper.add(result);
      }
      return wrapper;
    }
    return result;
  }

  static @Nullable Object unwrap(Object held) {
    if (held instanceof ArrayList<?> wrapper) {
      return wrapper.isEmpty() ? null : wrapper.get(0);
    }
    return held;
  }
}
