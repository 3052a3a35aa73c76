/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.infinispan.commons.io.UnsignedNumeric;
import org.infinispan.commons.util.Version;

/**
 * The index of the engine's file store, made from the records that were read to check them. The
 * store makes its own if it finds none, key by key, which takes much longer. Not thread-safe.
 *
 * <p>What lies in the index's folder is never read: nobody knows whether it fits the data. So what
 * is made here holds also after a kill, in a copied folder, and whatever became of the index.
 *
 * <p>An entry that is over has its place in the index, as it has in one that the store has kept up.
 * The store's own new one would have it as removed, which its compaction does not expect: it
 * deletes the file and leaves the key leading there.
 *
 * <pre>
 * index.N       an {@link IndexTree}; none for a segment without a record
 * index.stats   of each data file: number, length, bytes that nobody needs, next deadline
 * index-count   segments, entries of each, the last serial; the store takes an index for one that
 *               was left unfinished without it
 * </pre>
 *
 * All of that is the engine's own business and may be another in its next version. So this is for
 * versions that it was tried with; others, and files with keys that are not as ours, are left to
 * the engine.
 */
final class IndexFiles {
  private static final String TRIED = "16.0.7";

  /** How much is held in memory before it goes to the disk. */
  private static final int MOST_HELD = 16 << 20;

  private final Path folder;
  private final int segments;
  private final int longestNode;
  private final int mostHeld;
  private final ByteArrayOutputStream[] held;
  private final Map<Integer, DataFile> files = new TreeMap<>();
  private final ByteBuffer record = ByteBuffer.allocate(1 << 16); // a key has half of that at most
  private int size;
  private long lastSerial;
  private boolean strange;

  private static final class DataFile {
    int length;
    int free;
    long deadline = -1;
  }

  /** A record as it was found. */
  private static final class Found {
    /** The last is the one that counts: a removal, if it has the serial of what it removed. */
    static final Comparator<Found> ORDER =
        Comparator.comparing((Found found) -> found.key, Arrays::compare)
            .thenComparingLong(found -> found.serial)
            .thenComparing(found -> found.offset < 0);

    final byte[] key;
    final int file;

    /** The complement of its place if it is a removal. */
    final int offset;

    final long serial;
    final int length;

    Found(ByteBuffer in) {
      key = new byte[in.getShort()];
      in.get(key);
      file = in.getInt();
      offset = in.getInt();
      serial = in.getLong();
      length = in.getInt();
    }

    boolean isOfKey(Found other) {
      return Arrays.equals(key, other.key);
    }
  }

  /**
   * An index that is empty at first.
   *
   * @param folder where it is to be; what is there goes
   * @param longestNode how long the store lets a node of it become
   */
  IndexFiles(Path folder, int segments, int longestNode) {
    this(folder, segments, longestNode, MOST_HELD, Version.getVersion());
  }

  IndexFiles(Path folder, int segments, int longestNode, int mostHeld, String engine) {
    this.folder = folder;
    this.segments = segments;
    this.longestNode = longestNode;
    this.mostHeld = mostHeld;
    this.held = new ByteArrayOutputStream[segments];
    this.strange = !TRIED.equals(engine);
    Folder.delete(folder);
  }

  /**
   * Takes a record of a data file.
   *
   * @param deadline negative if there is none
   * @param isEntry whether it is one, not a removal
   */
  void add(
      int file, int offset, byte[] key, long serial, int length, long deadline, boolean isEntry)
      throws IOException {
    DataFile of = dataFile(file);
    if (deadline >= 0 && (of.deadline < 0 || deadline < of.deadline)) {
      of.deadline = deadline;
    }
    lastSerial = Math.max(lastSerial, serial);
    int segment = strange ? -1 : EngineKey.segment(key, segments);
    if (segment < 0) {
      leaveToTheEngine();
      return;
    }
    ByteArrayOutputStream there = held[segment];
    if (there == null) {
      there = new ByteArrayOutputStream();
      held[segment] = there;
    }
    record
        .clear()
        .putShort((short) key.length)
        .put(key)
        .putInt(file)
        .putInt(isEntry ? offset : ~offset)
        .putLong(serial)
        .putInt(length);
    there.write(record.array(), 0, record.position());
    size += record.position();
    if (size > mostHeld) {
      spill();
    }
  }

  /** A data file has been read as a whole. */
  void end(int file, int length) {
    dataFile(file).length = length;
  }

  private DataFile dataFile(int file) {
    return files.computeIfAbsent(file, number -> new DataFile());
  }

  /** There is something in the files of which this does not know what it is. */
  void leaveToTheEngine() {
    strange = true;
  }

  private void spill() throws IOException {
    Files.createDirectories(folder);
    for (int segment = 0; segment < segments; segment++) {
      if (held[segment] != null) {
        Files.write(
            found(segment),
            held[segment].toByteArray(),
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
        held[segment] = null;
      }
    }
    size = 0;
  }

  private Path found(int segment) {
    return folder.resolve("found." + segment);
  }

  /**
   * Writes the index, if it can.
   *
   * @throws IOException if the disk does not take it: then there is none
   */
  void write() throws IOException {
    if (strange || files.isEmpty()) {
      Folder.delete(folder);
      return;
    }
    try {
      Files.createDirectories(folder);
      long[] entries = new long[segments];
      for (int segment = 0; segment < segments; segment++) {
        List<Found> all = take(segment);
        if (!all.isEmpty()) {
          List<IndexTree.Leaf> leaves = leaves(all);
          entries[segment] = leaves.stream().filter(IndexTree.Leaf::isThere).count();
          Files.write(
              folder.resolve("index." + segment), IndexTree.of(leaves, segments, longestNode));
        }
      }
      writeStats();
      writeCount(entries); // last
    } catch (IOException e) {
      Folder.delete(folder);
      throw e;
    }
  }

  private List<Found> take(int segment) throws IOException {
    List<Found> all = new ArrayList<>();
    Path file = found(segment);
    if (Files.exists(file)) {
      read(Files.readAllBytes(file), all);
      Files.delete(file);
    }
    if (held[segment] != null) {
      read(held[segment].toByteArray(), all);
      held[segment] = null;
    }
    all.sort(Found.ORDER);
    return all;
  }

  private static void read(byte[] bytes, List<Found> into) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    while (in.hasRemaining()) {
      into.add(new Found(in));
    }
  }

  /** The last record of each key; all others are bytes that nobody needs. */
  private List<IndexTree.Leaf> leaves(List<Found> all) {
    List<IndexTree.Leaf> leaves = new ArrayList<>();
    int records = 0;
    for (int i = 0; i < all.size(); i++) {
      Found found = all.get(i);
      records++;
      if (i + 1 < all.size() && all.get(i + 1).isOfKey(found)) {
        dataFile(found.file).free += found.length;
      } else {
        leaves.add(new IndexTree.Leaf(found.key, found.file, found.offset, records));
        records = 0;
      }
    }
    return leaves;
  }

  private void writeStats() throws IOException {
    ByteBuffer out = ByteBuffer.allocate(files.size() * (3 * Integer.BYTES + Long.BYTES));
    files.forEach(
        (number, file) ->
            out.putInt(number).putInt(file.length).putInt(file.free).putLong(file.deadline));
    Files.write(folder.resolve("index.stats"), out.array());
  }

  private void writeCount(long[] entries) throws IOException {
    try (OutputStream out = Files.newOutputStream(folder.resolve("index-count"))) {
      UnsignedNumeric.writeUnsignedInt(out, segments);
      for (long each : entries) {
        UnsignedNumeric.writeUnsignedLong(out, each);
      }
      UnsignedNumeric.writeUnsignedLong(out, lastSerial);
    }
  }
}
