/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** The checksum that stands before each value on disk: of key, value, metadata and time. */
final class Checksum {
  static final int BYTES = Integer.BYTES;

  private final CRC32C sum = new CRC32C();

  void add(byte[] bytes, int offset, int length) {
    sum.update(bytes, offset, length);
  }

  void add(ByteBuffer bytes) {
    sum.update(bytes);
  }

  void add(long number) {
    sum.update(ByteBuffer.allocate(Long.BYTES).putLong(0, number));
  }

  int value() {
    return (int) sum.getValue();
  }
}
