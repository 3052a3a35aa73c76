/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What a memo remembers of: a version per key, which rises, in memory that all processes of this
 * machine share. It outlives any of them. Thread-safe; what one process has written, all read.
 */
final class VersionSource {
  private static final VarHandle VERSIONS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private final ByteBuffer memory;

  private VersionSource(ByteBuffer memory) {
    this.memory = memory;
  }

  /** Opens the source, or makes it with all versions 0. */
  static VersionSource at(Path file, int keys) {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return new VersionSource(
          channel.map(FileChannel.MapMode.READ_WRITE, 0, (long) keys * Long.BYTES));
    } catch (IOException e) {
      throw new UncheckedIOException("can't map " + file, e);
    }
  }

  long version(int key) {
    return (long) VERSIONS.getVolatile(memory, key * Long.BYTES);
  }

  /** Raises the version and returns the new one. */
  long raise(int key) {
    return (long) VERSIONS.getAndAdd(memory, key * Long.BYTES, 1L) + 1;
  }
}
