/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A key as it lies in the engine's files: what {@link EntryMarshaller} writes. Until there was
 * {@link FileKeys} it was in the engine's wrapping of what somebody else encodes.
 *
 * <pre>
 * 0x98 0x01 0x02    number of the wrapping's type
 * 0x8a 0x01 length  the wrapping
 * 0x0a length       the key
 * </pre>
 */
final class EngineKey {
  private static final int[] TYPE = {0x98, 0x01, 0x02, 0x8a, 0x01};
  private static final int BYTES = 0x0a;

  private EngineKey() {}

  /**
   * The segment of a key, or -1 if it is not written as this version does.
   *
   * @param segments how many there are
   */
  static int segment(byte[] key, int segments) {
    try {
      return StablePlacement.of(EntryMarshaller.hashOf(ByteBuffer.wrap(key)), segments);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      return -1;
    }
  }

  /** The key without the engine's wrapping; null if it is in none. */
  static byte @Nullable [] unwrapped(byte[] key) {
    ByteBuffer in = ByteBuffer.wrap(key);
    try {
      for (int each : TYPE) {
        if (in.get() != (byte) each) {
          return null;
        }
      }
      if (length(in) != in.remaining() || in.get() != BYTES || length(in) != in.remaining()) {
        return null;
      }
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      return null;
    }
    byte[] bytes = new byte[in.remaining()];
    in.get(bytes);
    return bytes;
  }

  /** Seven bits at a time, the last first. */
  private static int length(ByteBuffer in) {
    int length = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += 7) {
      byte next = in.get();
      length |= (next & 0x7F) << shift;
      if (next >= 0) {
        return length;
      }
    }
    throw new IllegalArgumentException("no length");
  }
}
