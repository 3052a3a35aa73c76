/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of the engine's file store as they lie on the disk, before it opens them. It would take
 * a record with a wrong length for the end of its file, and start with what stands before.
 *
 * <pre>
 * record    1, key length (2), metadata length (2), value length (4), internal length (2),
 *           serial (8), deadline (8), key, metadata, [created (8), used (8)], value, internal
 * value     checksum (4), the value; none for a removal, which has no checksum either
 * </pre>
 */
final class StoreFiles {
  private static final Logger LOG = LoggerFactory.getLogger(StoreFiles.class);
  private static final String DATA = "ispn12.";
  private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,8}");
  private static final String INDEX = "index";
  private static final byte MAGIC = 1;
  static final int HEAD = 27;
  private static final int KEY = 1;
  private static final int SERIAL = 11;
  private static final int DEADLINE = 19;
  private static final int TIMES = 16;

  private StoreFiles() {}

  /**
   * Makes sure that every record below the folder is as it was written. Cuts off a last one that a
   * crash left unfinished, whose write returned to nobody, and replaces the index by one of what
   * was read.
   *
   * @param segments of the cache
   * @throws CacheException naming the file and the place in it; the data are as they were then
   */
  static void check(String cache, Path folder, int segments) {
    check(
        cache, folder, index -> new IndexFiles(index, segments, EngineConfiguration.LONGEST_NODE));
  }

  static void check(String cache, Path folder, Function<Path, IndexFiles> index) {
    if (!Files.exists(folder)) {
      return;
    }
    Walk walk = new Walk(cache, index.apply(indexBelow(folder)));
    try {
      Files.walkFileTree(folder, walk);
    } catch (IOException e) {
      throw unread(cache, e);
    }
    walk.unwrap();
    try {
      walk.index.write();
    } catch (IOException e) {
      LOG.debug("the index of cache '{}' was not written, so the engine makes it", cache, e);
    }
  }

  private static CacheException unread(String cache, IOException e) {
    return new CacheException(
        "the files of cache '" + cache + "' can't be read: " + e + "; see that this process may",
        e);
  }

  /** Beside the data. */
  private static Path indexBelow(Path folder) {
    Path none = folder.resolve(INDEX);
    try (var below = Files.walk(folder)) {
      return below
          .filter(path -> path.endsWith("data"))
          .findFirst()
          .map(data -> data.resolveSibling(INDEX))
          .orElse(none);
    } catch (IOException e) {
      return none; // then the engine says what is wrong
    }
  }

  /** Whether it is one of the files with records. */
  static boolean isData(Path file) {
    String name = file.getFileName().toString();
    return name.startsWith(DATA) && NUMBER.matcher(name.substring(DATA.length())).matches();
  }

  /** How long the record is whose head stands here; 0 if none does. */
  static long length(ByteBuffer in, int at) {
    if (in.get(at) != MAGIC) {
      return 0;
    }
    Entry entry = Entry.headAt(in, at);
    return entry.isPlausible() ? entry.longEnd() - at : 0;
  }

  /** How much of it has its head and its key. */
  static int keyEnd(ByteBuffer in, int at) {
    return HEAD + in.getShort(at + KEY);
  }

  /** When its entry ends; negative if never, or if it is a removal. */
  static long deadline(ByteBuffer in, int at) {
    return Entry.headAt(in, at).value > 0 ? in.getLong(at + DEADLINE) : -1;
  }

  private static final class Walk extends SimpleFileVisitor<Path> {
    private final String cache;
    private final IndexFiles index;

    /** Those with wrapped keys, and their numbers; they are as they were until all is checked. */
    private final Map<Path, Integer> wrapped = new TreeMap<>();

    Walk(String cache, IndexFiles index) {
      this.cache = cache;
      this.index = index;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      String name = file.getFileName().toString();
      if (name.startsWith(DATA)) {
        String number = name.substring(DATA.length());
        if (!NUMBER.matcher(number).matches()) {
          index.leaveToTheEngine();
          number = "0";
        }
        check(file, Integer.parseInt(number));
      }
      return FileVisitResult.CONTINUE;
    }

    private void check(Path file, int number) throws IOException {
      ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file));
      in.limit(soundEnd(file, in));
      if (Wrapped.isAny(in)) {
        wrapped.put(file, number);
      } else {
        addTo(index, number, in);
      }
    }

    /** Not on the way: a file that takes the place of another may be met again, or not at all. */
    void unwrap() {
      wrapped.forEach(
          (file, number) -> {
            ByteBuffer in;
            try {
              in = ByteBuffer.wrap(Files.readAllBytes(file));
            } catch (IOException e) {
              throw unread(cache, e);
            }
            try {
              addTo(index, number, Wrapped.replaced(file, in));
            } catch (IOException e) {
              throw new CacheException(
                  "cache '"
                      + cache
                      + "': the file "
                      + file
                      + ", which an earlier version wrote, can't be written anew: "
                      + e
                      + "; see that the disk has room for one such file, and that this process may"
                      + " write there; all entries are as they were",
                  e);
            }
          });
    }

    private static void addTo(IndexFiles index, int number, ByteBuffer in) throws IOException {
      int at = 0;
      while (at < in.limit()) {
        Entry entry = Entry.headAt(in, at);
        entry.addTo(index, number, in);
        at = entry.end();
      }
      index.end(number, at);
    }

    /** Where the sound records end, and the file as well now. */
    private int soundEnd(Path file, ByteBuffer in) throws IOException {
      int at = 0;
      while (at < in.limit()) {
        Entry entry = Entry.at(in, at);
        if (entry == null || !entry.isSound(in)) {
          if (!isTorn(in, at)) {
            throw new CacheException(
                "cache '"
                    + cache
                    + "': the file "
                    + file
                    + " is not as it was written, at byte "
                    + at
                    + ": restore the folder from a copy, or move it away to start empty");
          }
          cut(file, at);
          break;
        }
        at = entry.end();
      }
      return at;
    }

    private static void cut(Path file, int at) throws IOException {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(at);
        channel.force(true);
      }
    }
  }

  /**
   * Whether what begins here can be the beginning of one record whose writer was stopped: longer
   * than what is left, and nothing sound behind it. A length that was changed in the last record of
   * a file would look alike, but for the record being sound with the length that fits.
   */
  private static boolean isTorn(ByteBuffer in, int at) {
    if (in.get(at) != MAGIC) {
      return false;
    }
    if (in.limit() - at < HEAD) {
      return true;
    }
    Entry entry = Entry.headAt(in, at);
    if (entry.end() <= in.limit() || entry.fits(in)) {
      return false;
    }
    for (int next = at + 1; next <= in.limit() - HEAD; next++) {
      Entry behind = Entry.at(in, next);
      if (behind != null && behind.value > 0 && behind.isSound(in)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Keys in the engine's wrapping, as they were once written: such a file is written anew without
   * it, in one step.
   */
  private static final class Wrapped {
    private static final String NEW = "unwrapped";

    private Wrapped() {}

    static boolean isAny(ByteBuffer in) {
      int at = 0;
      while (at < in.limit()) {
        Entry entry = Entry.headAt(in, at);
        if (EngineKey.unwrapped(entry.keyIn(in)) != null) {
          return true;
        }
        at = entry.end();
      }
      return false;
    }

    static ByteBuffer replaced(Path file, ByteBuffer in) throws IOException {
      ByteBuffer out = ByteBuffer.allocate(in.limit());
      int at = 0;
      while (at < in.limit()) {
        Entry entry = Entry.headAt(in, at);
        byte[] key = entry.keyIn(in);
        byte[] unwrapped = EngineKey.unwrapped(key);
        entry.write(unwrapped == null ? key : unwrapped, in, out);
        at = entry.end();
      }
      out.flip();
      Path made = file.resolveSibling(NEW);
      try {
        write(made, out.duplicate());
        Files.move(made, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        forget(made, e);
        throw e;
      }
      return out;
    }

    private static void write(Path made, ByteBuffer all) throws IOException {
      try (FileChannel channel =
          FileChannel.open(
              made,
              StandardOpenOption.WRITE,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        while (all.hasRemaining()) {
          channel.write(all);
        }
        channel.force(true);
      }
    }

    /** The disk may have no room for it. */
    private static void forget(Path made, IOException why) {
      try {
        Files.deleteIfExists(made);
      } catch (IOException e) {
        why.addSuppressed(e);
      }
    }
  }

  /** Where the parts of a record lie. */
  private record Entry(int start, int key, int metadata, int value, int internal) {
    /** Null if there is no whole one. */
    static @Nullable Entry at(ByteBuffer in, int at) {
      if (in.limit() - at < HEAD || in.get(at) != MAGIC) {
        return null;
      }
      Entry entry = headAt(in, at);
      return entry.isPlausible() && entry.longEnd() <= in.limit() ? entry : null;
    }

    static Entry headAt(ByteBuffer in, int at) {
      return new Entry(
          at, in.getShort(at + KEY), in.getShort(at + 3), in.getInt(at + 5), in.getShort(at + 9));
    }

    private boolean isPlausible() {
      return key > 0 && metadata >= 0 && value >= 0 && internal >= 0;
    }

    private long longEnd() {
      return (long) start + HEAD + key + metadata + value + internal;
    }

    int end() {
      return (int) Math.min(Integer.MAX_VALUE, longEnd());
    }

    void addTo(IndexFiles index, int file, ByteBuffer in) throws IOException {
      index.add(
          file,
          start,
          keyIn(in),
          in.getLong(start + SERIAL),
          end() - start,
          in.getLong(start + DEADLINE),
          value > 0);
    }

    byte[] keyIn(ByteBuffer in) {
      byte[] bytes = new byte[key];
      in.get(start + HEAD, bytes);
      return bytes;
    }

    /** Writes it with another key. */
    void write(byte[] other, ByteBuffer in, ByteBuffer out) {
      int at = out.position();
      out.put(in.slice(start, HEAD)).putShort(at + KEY, (short) other.length);
      int rest = start + HEAD + key;
      out.put(other).put(in.slice(rest, end() - rest));
      if (value > 0) {
        Entry made = headAt(out, at);
        out.putInt(made.valueAt(), made.checksum(out));
      }
    }

    private int valueAt() {
      return start + HEAD + key + metadata;
    }

    boolean isSound(ByteBuffer in) {
      if (value == 0) {
        return metadata == 0 && internal == 0;
      }
      if (value < Checksum.BYTES || (metadata != 0 && metadata < TIMES)) {
        return false;
      }
      return checksum(in) == in.getInt(valueAt());
    }

    private int checksum(ByteBuffer in) {
      int keyAt = start + HEAD;
      int metadataAt = keyAt + key;
      int valueAt = valueAt();
      Checksum sum = new Checksum();
      sum.add(in.slice(keyAt, key));
      sum.add(in.slice(valueAt + Checksum.BYTES, value - Checksum.BYTES));
      if (metadata > 0) {
        sum.add(in.slice(metadataAt, metadata - TIMES));
        sum.add(in.getLong(valueAt - TIMES));
      }
      return sum.value();
    }

    /** Whether one other length makes it a sound record that ends with the file. */
    boolean fits(ByteBuffer in) {
      int rest = in.limit() - start - HEAD;
      return isSoundAs(
              in, new Entry(start, rest - metadata - value - internal, metadata, value, internal))
          || isSoundAs(in, new Entry(start, key, rest - key - value - internal, value, internal))
          || isSoundAs(
              in, new Entry(start, key, metadata, rest - key - metadata - internal, internal))
          || isSoundAs(in, new Entry(start, key, metadata, value, rest - key - metadata - value));
    }

    /** But for as a removal, of which no checksum says so: a kill may have come behind the key. */
    private static boolean isSoundAs(ByteBuffer in, Entry other) {
      return other.isPlausible()
          && other.value > 0
          && other.longEnd() == in.limit()
          && other.isSound(in);
    }
  }
}
