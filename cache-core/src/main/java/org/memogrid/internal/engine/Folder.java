/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;

/**
 * The folder of one persistent cache, held by one process until it is closed. What lies in it
 * belongs to whoever holds it.
 */
final class Folder implements AutoCloseable {
  private static final String LOCK = "lock";

  /** Begins the names of the folders of those that share a cache. */
  private static final String MEMBER = "member-";

  private static final String PLAIN =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

  private final Path path;
  private final FileChannel lock;

  private Folder(Path path, FileChannel lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * The folder of that cache below a directory, made if it is not there.
   *
   * @throws CacheException if it is in use, or can't be made or written
   */
  static Folder open(String cache, Path directory) {
    Path path = directory.resolve(nameOf(cache));
    Folder free = openIfFree(cache, path);
    if (free == null) {
      throw new CacheException(
          "cache '"
              + cache
              + "': the folder "
              + path
              + " is in use by another process, or by another member in this one: give each"
              + " member a directory of its own");
    }
    if (Files.exists(path.resolve(MEMBER + 0))) {
      free.close();
      throw otherMode(cache, path, "members shared", "LOCAL");
    }
    return free;
  }

  /**
   * The first of a shared cache's folders below a directory that nobody has, made if all are in
   * use.
   *
   * @throws CacheException if it can't be made or written, or a LOCAL cache has the place
   */
  static Folder openFree(String cache, Path directory) {
    Path path = directory.resolve(nameOf(cache));
    if (Files.exists(path.resolve(LOCK))) {
      throw otherMode(cache, path, "was LOCAL", "one that members share");
    }
    for (int i = 0; ; i++) {
      Folder free = openIfFree(cache, path.resolve(MEMBER + i));
      if (free != null) {
        return free;
      }
    }
  }

  private static CacheException otherMode(String cache, Path path, String was, String is) {
    return new CacheException(
        "cache '"
            + cache
            + "': the folder "
            + path
            + " has the files of a cache that "
            + was
            + ", and this is "
            + is
            + ": use another directory, or move the folder away to start empty");
  }

  /** Null if it is in use. */
  private static @Nullable Folder openIfFree(String cache, Path path) {
    try {
      Files.createDirectories(path);
      FileChannel channel =
          FileChannel.open(path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (!isLocked(channel)) {
        channel.close();
        return null;
      }
      return new Folder(path, channel);
    } catch (IOException e) {
      throw new CacheException(
          "cache '"
              + cache
              + "': the folder "
              + path
              + " can't be used: "
              + e
              + "; give a directory that this process may write",
          e);
    }
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      @Nullable FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  /** Letters, digits and a few signs stand for themselves, all else for its bytes. */
  private static String nameOf(String cache) {
    StringBuilder name = new StringBuilder();
    for (byte each : cache.getBytes(UTF_8)) {
      if (PLAIN.indexOf(each) >= 0 && (each != '.' || !name.isEmpty())) {
        name.append((char) each);
      } else {
        name.append('%').append(String.format("%02X", each & 0xFF));
      }
    }
    return name.toString();
  }

  Path path() {
    return path;
  }

  Path resolve(String name) {
    return path.resolve(name);
  }

  /** Deletes a file, or a folder with all that is in it. */
  static void delete(@Nullable Path doomed) {
    if (doomed == null || !Files.exists(doomed)) {
      return;
    }
    try {
      Files.walkFileTree(
          doomed,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes unused)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure)
                throws IOException {
              Files.delete(folder);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new CacheException("can't delete " + doomed + ": " + e + "; delete it by hand", e);
    }
  }

  /** Lets others have it. */
  @Override
  public void close() {
    try {
      lock.close();
    } catch (IOException e) {
      throw new CacheException("can't let go of " + path.resolve(LOCK) + ": " + e, e);
    }
  }
}
