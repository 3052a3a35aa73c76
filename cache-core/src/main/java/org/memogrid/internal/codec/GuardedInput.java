/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.io.Input;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import org.jspecify.annotations.Nullable;

/** An input that believes no length before as many bytes are there. */
final class GuardedInput extends Input {
  static final byte[] EMPTY = {};

  /** A number of things to come, each of which takes a byte at least. */
  int readCount() {
    return check(readVarInt(true));
  }

  @CanIgnoreReturnValue
  private int check(int count) {
    if (count < 0 || count > limit - position) {
      throw new KryoException(
          "a length of "
              + Integer.toUnsignedString(count)
              + ", of which "
              + (limit - position)
              + " bytes are there");
    }
    return count;
  }

  @Override
  public byte[] readBytes(int length) {
    return super.readBytes(check(length));
  }

  @Override
  public int[] readInts(int length) {
    return super.readInts(check(length));
  }

  @Override
  public int[] readInts(int length, boolean optimizePositive) {
    return super.readInts(check(length), optimizePositive);
  }

  @Override
  public long[] readLongs(int length) {
    return super.readLongs(check(length));
  }

  @Override
  public long[] readLongs(int length, boolean optimizePositive) {
    return super.readLongs(check(length), optimizePositive);
  }

  @Override
  public float[] readFloats(int length) {
    return super.readFloats(check(length));
  }

  @Override
  public double[] readDoubles(int length) {
    return super.readDoubles(check(length));
  }

  @Override
  public short[] readShorts(int length) {
    return super.readShorts(check(length));
  }

  @Override
  public char[] readChars(int length) {
    return super.readChars(check(length));
  }

  @Override
  public boolean[] readBooleans(int length) {
    return super.readBooleans(check(length));
  }

  @Override
  public @Nullable String readString() {
    int start = position;
    if (readVarIntFlag()) {
      check(Math.max(0, readVarIntFlag(true) - 1));
    }
    position = start;
    return super.readString();
  }
}
