/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.internal.recovery.Roster;

/**
 * One member's part of a shared cache on its disk: a folder for each life, and the roster. Not
 * thread-safe.
 *
 * <pre>
 * directory/cache/member-0/lock, roster, lives/id/tenures, lives/id/...
 * </pre>
 *
 * A member takes the first of these folders that nobody has. So members on one machine may have one
 * directory, and it does not matter who comes back to which folder.
 */
final class LifeFolder implements AutoCloseable {
  private static final byte FORMAT = 1;

  private final String cache;
  private final Folder folder;

  private LifeFolder(String cache, Folder folder) {
    this.cache = cache;
    this.folder = folder;
  }

  /** What the roster's file has. */
  record Kept(Roster roster, Map<String, String> names) {}

  /**
   * A folder that nobody has, and checks all that is in it.
   *
   * @throws CacheException if there is none that can be used, or one that is not as it was written
   */
  static LifeFolder open(String cache, Path directory, int segments) {
    LifeFolder opened = new LifeFolder(cache, Folder.openFree(cache, directory));
    try {
      for (String life : opened.lives()) {
        StoreFiles.check(cache, opened.life(life), segments);
      }
      return opened;
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  Path life(String id) {
    return folder.resolve("lives").resolve(id);
  }

  Set<String> lives() {
    Set<String> ids = new TreeSet<>();
    Path lives = folder.resolve("lives");
    if (Files.isDirectory(lives)) {
      try (Stream<Path> each = Files.list(lives)) {
        each.forEach(life -> ids.add(life.getFileName().toString()));
      } catch (IOException e) {
        throw unusable(lives, e);
      }
    }
    return ids;
  }

  private Path roster() {
    return folder.resolve("roster");
  }

  /**
   * Null if there is none.
   *
   * @throws CacheException if it can't be used, or the tenures of a life can't
   */
  @Nullable Kept read(int segments) {
    for (String life : lives()) {
      var unused = tenures(life, segments);
    }
    Path file = roster();
    if (!Files.exists(file)) {
      return null;
    }
    try {
      DataInputStream in = new DataInputStream(new ByteArrayInputStream(SmallFile.read(file)));
      if (in.readByte() != FORMAT) {
        throw new IOException("another version wrote it");
      }
      Map<String, String> names = RosterFormat.readMap(in);
      Roster roster = RosterFormat.readRoster(in);
      if (roster.segments().size() != segments) {
        throw new IOException(roster.segments().size() + " segments, not " + segments);
      }
      return new Kept(roster, names);
    } catch (IOException e) {
      throw unusable(file, e);
    }
  }

  /** In one step: after a crash there is the old one or the new one. */
  void write(Roster roster, Map<String, String> names) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeByte(FORMAT);
    RosterFormat.write(names, out);
    RosterFormat.write(roster, out);
    SmallFile.write(roster(), bytes.toByteArray());
  }

  /** What counts in the files of a life that has ended. */
  Tenures tenures(String life, int segments) {
    try {
      return Tenures.read(life(life), segments);
    } catch (IOException e) {
      throw unusable(Tenures.file(life(life)), e);
    }
  }

  void forget(String life) {
    Folder.delete(life(life));
  }

  /** Deletes all that is kept of the cache here. */
  void delete() {
    Folder.delete(roster());
    Folder.delete(folder.resolve("lives"));
  }

  Path path() {
    return folder.path();
  }

  private CacheException unusable(Path file, IOException e) {
    return new CacheException(
        "cache '"
            + cache
            + "': "
            + file
            + " can't be used: "
            + e.getMessage()
            + "; restore the folder "
            + folder.path()
            + " from a copy, or move it away and let the cache go on without this member's files",
        e);
  }

  @Override
  public void close() {
    folder.close();
  }
}
