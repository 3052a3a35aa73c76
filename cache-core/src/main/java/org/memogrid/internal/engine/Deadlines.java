/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds the records in a store's files of which the deadline has passed, while the store appends to
 * these files and deletes them. A file is read once, and once more when the next of its deadlines
 * has passed. Each record is told of once, unless it is moved to another file. Not thread-safe.
 */
final class Deadlines {
  private static final int WINDOW = 1 << 16; // a head and a key have half of that at most

  private final Path folder;
  private final Map<Path, Seen> files = new HashMap<>();
  private boolean any;

  /** What is known of a file. */
  private static final class Seen {
    /** What stands before was read. */
    private long to;

    /** The first deadline there that had not passed. */
    private long next = Long.MAX_VALUE;

    /** Those up to here were told of. */
    private long told = Long.MIN_VALUE;
  }

  /**
   * @param folder the data files
   */
  Deadlines(Path folder) {
    this.folder = folder;
  }

  /** The files that there are. */
  List<Path> files() throws IOException {
    List<Path> found;
    try (Stream<Path> each = Files.list(folder)) {
      found = each.filter(StoreFiles::isData).collect(Collectors.toList());
    } catch (NoSuchFileException e) {
      found = List.of();
    }
    Set<Path> there = new HashSet<>(found);
    files.keySet().removeIf(file -> !there.contains(file));
    return found;
  }

  /** After the files were deleted: the next may be called as the last was. */
  void forget() {
    files.clear();
  }

  /** Whether no record that was read had a deadline. */
  boolean sawNone() {
    return !any;
  }

  /**
   * The keys of records in a file whose deadline has passed since this was asked before; they may
   * have newer ones.
   */
  Collection<byte[]> due(Path file, long now) throws IOException {
    Seen seen = files.computeIfAbsent(file, unseen -> new Seen());
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return read(new Window(channel), seen, now);
    } catch (NoSuchFileException e) {
      any = true; // for all we know: what it had stands elsewhere
      return List.of();
    }
  }

  private Collection<byte[]> read(Window in, Seen seen, long now) throws IOException {
    long at = seen.to;
    if (seen.next <= now) {
      at = 0;
      seen.next = Long.MAX_VALUE;
    }
    Map<ByteBuffer, byte[]> keys = new LinkedHashMap<>();
    for (long end = in.recordAt(at); end > 0; end = in.recordAt(at)) {
      long deadline = in.deadline();
      if (deadline >= 0) {
        any = true;
        if (deadline > now) {
          seen.next = Math.min(seen.next, deadline);
        } else if (at >= seen.to || deadline > seen.told) {
          byte[] key = in.key();
          keys.put(ByteBuffer.wrap(key), key);
        }
      }
      at = end;
    }
    seen.to = Math.max(seen.to, at);
    seen.told = now;
    return keys.values();
  }

  /** A part of a file. */
  private static final class Window {
    private final FileChannel channel;
    private final ByteBuffer bytes = ByteBuffer.allocate(WINDOW).limit(0);
    private long start;
    private int record;

    Window(FileChannel channel) {
      this.channel = channel;
    }

    /** Where the record ends that begins here; 0 if there is no whole one. */
    long recordAt(long at) throws IOException {
      if (!holds(at, StoreFiles.HEAD)) {
        return 0;
      }
      record = (int) (at - start);
      long end = at + StoreFiles.length(bytes, record);
      if (end <= at || end > channel.size() || !holds(at, StoreFiles.keyEnd(bytes, record))) {
        return 0; // it is being written
      }
      record = (int) (at - start);
      return end;
    }

    private boolean holds(long at, int length) throws IOException {
      if (at >= start && at + length <= start + bytes.limit()) {
        return true;
      }
      bytes.clear();
      start = at;
      while (bytes.hasRemaining() && channel.read(bytes, start + bytes.position()) > 0) {
        // as much as there is
      }
      bytes.flip();
      return length <= bytes.limit();
    }

    /** Negative if it has none, or is a removal. */
    long deadline() {
      return StoreFiles.deadline(bytes, record);
    }

    byte[] key() {
      byte[] key = new byte[StoreFiles.keyEnd(bytes, record) - StoreFiles.HEAD];
      bytes.get(record + StoreFiles.HEAD, key);
      return key;
    }
  }
}
