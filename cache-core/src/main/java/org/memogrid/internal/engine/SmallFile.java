/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A small file with a checksum, which is replaced as a whole. */
final class SmallFile {
  private SmallFile() {}

  /** In one step: after a crash there is what was or what is. */
  static void write(Path file, byte[] content) throws IOException {
    ByteBuffer all =
        ByteBuffer.allocate(Checksum.BYTES + content.length).putInt(sum(content)).put(content);
    Path next = file.resolveSibling(file.getFileName() + ".next");
    Files.write(next, all.array());
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * What was written last.
   *
   * @throws IOException also if it is not as it was written
   */
  static byte[] read(Path file) throws IOException {
    ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file));
    if (all.limit() < Checksum.BYTES) {
      throw new IOException("it is not as it was written");
    }
    int sum = all.getInt();
    byte[] content = new byte[all.remaining()];
    all.get(content);
    if (sum != sum(content)) {
      throw new IOException("it is not as it was written");
    }
    return content;
  }

  private static int sum(byte[] content) {
    Checksum sum = new Checksum();
    sum.add(content, 0, content.length);
    return sum.value();
  }
}
