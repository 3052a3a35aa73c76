/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a cache keeps its entries beside the memory, so that they outlive the process. Immutable.
 *
 * <p>Every write goes to the disk before it returns ("write-through"), and a write that the disk
 * refuses fails. What {@code maxEntries} evicts from memory stays on the disk and is read from
 * there. An entry keeps its deadline: one that is over when the process comes back is not served.
 */
public final class Persist {
  private final Path directory;

  private Persist(Path directory) {
    this.directory = directory;
  }

  /**
   * Files below a directory of this member's own, in a folder named after the cache; made if they
   * are not there. One process uses a folder at a time: another is refused.
   *
   * <p>What a write gave to the operating system survives the process, however it ends. It does not
   * survive the machine unless the operating system had written it out: files are not synced write
   * by write.
   */
  public static Persist file(Path directory) {
    return new Persist(Objects.requireNonNull(directory, "directory").toAbsolutePath().normalize());
  }

  /** The directory that was given, absolute. */
  public Path directory() {
    return directory;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Persist that && directory.equals(that.directory);
  }

  @Override
  public int hashCode() {
    return directory.hashCode();
  }

  @Override
  public String toString() {
    return "file:" + directory;
  }
}
