/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The arithmetic of {@link KeyHash}: MurmurHash3 in 32 bits, and its last step alone. */
final class HashMix {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private HashMix() {}

  /** Spreads the bits: each bit of the input changes each bit of the result half of the time. */
  static int mix(int hash) {
    int h = hash;
    h ^= h >>> 16;
    h *= 0x85ebca6b;
    h ^= h >>> 13;
    h *= 0xc2b2ae35;
    h ^= h >>> 16;
    return h;
  }

  static int mix(long value) {
    return mix(31 * (int) (value >>> 32) + (int) value);
  }

  static int ofBytes(byte[] bytes) {
    int h = 0;
    int whole = bytes.length & ~3;
    for (int i = 0; i < whole; i += 4) {
      h ^= scramble((int) INT.get(bytes, i));
      h = Integer.rotateLeft(h, 13) * 5 + 0xe6546b64;
    }
    int rest = 0;
    for (int i = bytes.length - 1; i >= whole; i--) {
      rest = (rest << 8) | (bytes[i] & 0xff);
    }
    h ^= scramble(rest);
    return mix(h ^ bytes.length);
  }

  private static int scramble(int block) {
    return Integer.rotateLeft(block * 0xcc9e2d51, 15) * 0x1b873593;
  }
}
