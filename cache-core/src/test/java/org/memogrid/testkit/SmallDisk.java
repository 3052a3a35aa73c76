/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file system of its own in memory, of a size of its own, until it is closed. Needs root. */
public final class SmallDisk implements AutoCloseable {
  private final Path path;

  private SmallDisk(Path path) {
    this.path = path;
  }

  /** Whether this process may make one. */
  public static boolean isPossible() {
    try {
      new SmallDisk(mounted(64)).close();
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  public static SmallDisk of(int kilobytes) {
    return new SmallDisk(mounted(kilobytes));
  }

  private static Path mounted(int kilobytes) {
    try {
      Path path = Files.createTempDirectory("memogrid-disk");
      try {
        Shell.run(
            "mount", "-t", "tmpfs", "-o", "size=" + kilobytes + "k", "tmpfs", path.toString());
      } catch (IllegalStateException e) {
        Files.delete(path);
        throw e;
      }
      return path;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Path path() {
    return path;
  }

  /** From now on nothing can be written. */
  public void readOnly() {
    Shell.run("mount", "-o", "remount,ro", path.toString());
  }

  /** From now on it has that size. */
  public void resize(int kilobytes) {
    Shell.run("mount", "-o", "remount,size=" + kilobytes + "k", path.toString());
  }

  @Override
  public void close() {
    Shell.run("umount", "--lazy", path.toString()); // the engine leaves a file open after a failure
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
