/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/**
 * A key as it lies in the engine's files: what {@link EntryMarshaller} writes, in the engine's
 * wrapping of what somebody else encodes.
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
    ByteBuffer in = ByteBuffer.wrap(key);
    try {
      for (int each : TYPE) {
        if (in.get() != (byte) each) {
          return -1;
        }
      }
      if (length(in) != in.remaining() || in.get() != BYTES || length(in) != in.remaining()) {
        return -1;
      }
      int hash = EntryMarshaller.hashOf(in);
      return StablePlacement.of(hash, segments);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      return -1;
    }
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
