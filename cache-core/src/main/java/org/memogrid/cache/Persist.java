/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Where a cache keeps its entries beside the memory, so that they outlive the process. Immutable:
 * each method answers a copy with one thing changed.
 *
 * <p>Every write goes there before it returns ("write-through"), and a write that is refused there
 * fails. What {@code maxEntries} evicts from memory stays there and is read from there. An entry
 * keeps its deadline: one that is over when the process comes back is not served.
 */
public final class Persist {
  private static final Pattern TABLE =
      Pattern.compile("([A-Za-z_][A-Za-z0-9_]{0,62}\\.)?[A-Za-z_][A-Za-z0-9_]{0,62}");
  private static final Pattern PARAMETERS = Pattern.compile("[?;]");
  private static final String URL = "jdbc:";
  private static final Duration SHORTEST_WAIT = Duration.ofMillis(1);
  private static final Duration LONGEST_WAIT = Duration.ofDays(1);

  private final @Nullable Path directory;
  private final @Nullable DataSource dataSource;
  private final @Nullable String source;
  private final @Nullable String table;
  private final @Nullable CacheLoader<Object, Object> loader;
  private final @Nullable CacheWriter<Object, Object> writer;
  private final @Nullable String loaderName;
  private final boolean preload;
  private final boolean purgeOnStart;
  private final int queueSize;
  private final int batch;
  private final @Nullable Duration waitTimeout;

  private Persist(Draft draft) {
    this.directory = draft.directory;
    this.dataSource = draft.dataSource;
    this.source = draft.source;
    this.table = draft.table;
    this.loader = draft.loader;
    this.writer = draft.writer;
    this.loaderName = draft.loaderName;
    this.preload = draft.preload;
    this.purgeOnStart = draft.purgeOnStart;
    this.queueSize = draft.queueSize;
    this.batch = draft.batch;
    this.waitTimeout = draft.waitTimeout;
    if (preload && purgeOnStart) {
      throw new IllegalArgumentException(
          "purgeOnStart leaves nothing to preload: leave one of the two out");
    }
  }

  /**
   * Files below a directory of this member's own, in a folder named after the cache; made if they
   * are not there. One process uses a folder at a time: another is refused.
   *
   * <p>In {@link Mode#REPLICATED} and {@link Mode#DISTRIBUTED} each member has files of what it
   * owns, below the same path on every machine; those on one machine each take a folder of their
   * own there. After the end of several members the cache is not served before all are back that
   * may have later entries: {@link Cache#missing()} names them, and {@link
   * Cache#goOnWithoutMissing()} goes on without them.
   *
   * <p>What a write gave to the operating system survives the process, however it ends. It does not
   * survive the machine unless the operating system had written it out: files are not synced write
   * by write.
   */
  public static Persist file(Path directory) {
    Objects.requireNonNull(directory, "directory");
    Draft draft = new Draft();
    draft.directory = directory.toAbsolutePath().normalize();
    return new Persist(draft);
  }

  /**
   * A table of a database that this process alone reaches through {@code source}, made if it is not
   * there; {@link Mode#LOCAL} only, since the object can't be given to other members. A pool is the
   * caller's to close, after the cluster.
   *
   * <p>What a write has committed survives whatever the database survives. A table belongs to one
   * cache: one of another name is refused. That two processes use it at once is not noticed.
   *
   * @param table letters, digits and {@code _}, at most 63, a schema and a dot before it if need be
   * @throws IllegalArgumentException if the table has another name than that
   */
  public static Persist jdbc(DataSource source, String table) {
    Objects.requireNonNull(source, "source");
    Draft draft = new Draft();
    draft.dataSource = source;
    draft.table = named(table);
    return new Persist(draft);
  }

  /**
   * A table of a database, made if it is not there.
   *
   * @param source a URL that begins with {@code jdbc:}, in {@link Mode#LOCAL} only, since it may
   *     hold a password and options are shown and sent to other members; or the name that this
   *     member, and in a shared mode every member, gave its data source with {@code
   *     Cluster.builder().dataSource(name, source)}
   * @param table as in {@link #jdbc(DataSource, String)}
   * @throws IllegalArgumentException if the source is blank or the table has another name than that
   */
  public static Persist jdbc(String source, String table) {
    Objects.requireNonNull(source, "source");
    if (source.isBlank()) {
      throw new IllegalArgumentException(
          "the source is blank: give a URL that begins with jdbc:, or the name of a data source");
    }
    Draft draft = new Draft();
    draft.source = source;
    draft.table = named(table);
    return new Persist(draft);
  }

  /**
   * Wherever the program itself keeps its data; {@link Mode#LOCAL} only, since the two objects
   * can't be given to other members: {@link #with(String)} is for those. A read of what memory does
   * not have asks {@code loader}, one of several at once for one key; a write is given to {@code
   * writer} before memory has it. If one of them throws, the call fails with a {@link
   * CacheException} that names cache and key, and memory is as it was.
   *
   * <p>Keys and values stay objects of this process. The data are the program's: the end of an
   * entry and {@code destroy} empty memory alone, and {@code size}, {@code entries} and {@code
   * asMap} see what is in memory. What changes there without the cache is not noticed until the
   * entry has ended or was evicted. Who writes through a cache elsewhere, or not at all, takes a
   * memo.
   *
   * @param loader asked for what is not in memory
   * @param writer given all that is written
   */
  @SuppressWarnings("unchecked") // both meet the cache's own keys and values only
  public static <K, V> Persist with(
      CacheLoader<? super K, ? extends V> loader, CacheWriter<? super K, ? super V> writer) {
    Objects.requireNonNull(loader, "loader");
    Objects.requireNonNull(writer, "writer");
    Draft draft = new Draft();
    draft.loader = (CacheLoader<Object, Object>) (CacheLoader<?, ?>) loader;
    draft.writer = (CacheWriter<Object, Object>) (CacheWriter<?, ?>) writer;
    return new Persist(draft);
  }

  /**
   * The same by a name, for all members: the loader and the writer that each gave it with {@code
   * Cluster.builder().loaderAndWriter(name, loader, writer)}, to the same data.
   *
   * <p>In {@link Mode#REPLICATED} and {@link Mode#DISTRIBUTED} the member that orders a key's
   * writes calls its own loader and writer for all: of the reads of a key that miss at once, on all
   * members, one loads, and all get what it read. The writer has a change before any member's
   * memory. What is made again because that member was lost is given to the next one's writer
   * again, and a conditional write may then meet its own work and be refused, or be made twice.
   * Keys and values cross the wire. {@code clear} is refused: remove key by key.
   *
   * @throws IllegalArgumentException if the name is blank
   */
  public static Persist with(String name) {
    Objects.requireNonNull(name, "name");
    if (name.isBlank()) {
      throw new IllegalArgumentException(
          "the name is blank: give the one of .loaderAndWriter(name, loader, writer)");
    }
    Draft draft = new Draft();
    draft.loaderName = name;
    return new Persist(draft);
  }

  private static String named(String table) {
    Objects.requireNonNull(table, "table");
    if (!TABLE.matcher(table).matches()) {
      throw new IllegalArgumentException(
          "'"
              + table
              + "' names no table: give at most 63 letters, digits and _, with a schema and a dot"
              + " before it if need be");
    }
    return table;
  }

  /**
   * Reads entries into memory when the cache opens, as many as {@code maxEntries} lets in, before
   * it is served; {@link Mode#LOCAL} only. Without it an entry is read when it is first asked for.
   *
   * @throws IllegalArgumentException with {@link #purgeOnStart}, or with a loader of your own
   */
  public Persist preload() {
    requireKnown("preload", "nobody can ask a loader which keys there are");
    Draft draft = new Draft(this);
    draft.preload = true;
    return new Persist(draft);
  }

  /**
   * Deletes all that was kept when the cache opens, so that it holds more than memory has room for
   * but outlives nothing; {@link Mode#LOCAL} only.
   *
   * @throws IllegalArgumentException with {@link #preload}, or with a writer of your own
   */
  public Persist purgeOnStart() {
    requireKnown("purgeOnStart", "what its writer wrote is the program's to delete");
    Draft draft = new Draft(this);
    draft.purgeOnStart = true;
    return new Persist(draft);
  }

  /**
   * Lets a write return when memory has it, and has a thread write it to the table or the files, or
   * give it to the writer, ("write-behind") with up to {@code batch} others at once, in a table in
   * one transaction; in files {@link Mode#LOCAL} only. Of several writes of one key that wait the
   * last is written.
   *
   * <p>The end of the process takes what waits with it: at most {@code queueSize} keys, and one for
   * each thread that was writing. Closing the cluster writes them first, and says in an error log
   * how many it could not. What is refused is tried again until it is taken, with a warning, and
   * meanwhile the queue fills: when {@code queueSize} keys wait, a write waits until there is room,
   * however long the database is away. Files that have refused a write, as on a full disk, take
   * none any more: what waited is lost, an error log says so, and from then on every write fails,
   * and every read of what memory does not have, until the cluster is closed and opened anew.
   *
   * <p>Where members share the cache, each writes what it orders, {@code queueSize} is for each of
   * them, and its backups have what waits there: if it is lost whoever orders the keys next writes
   * it, maybe once more. If all owners of a key are lost at once, what waited of it is lost. While
   * members come and go writes wait until they are written. A write that waits for room longer than
   * calls do fails, and may have happened, or may still.
   *
   * @throws IllegalArgumentException if one of the two is below 1
   */
  public Persist writeBehind(int queueSize, int batch) {
    if (queueSize < 1 || batch < 1) {
      throw new IllegalArgumentException(
          "writeBehind(" + queueSize + ", " + batch + "): give at least 1 for both");
    }
    Draft draft = new Draft(this);
    draft.queueSize = queueSize;
    draft.batch = batch;
    return new Persist(draft);
  }

  /**
   * Lets a read that waits longer for a loader of your own fail with a {@link CacheException} that
   * says so, alone: the loader goes on, and what it answers is kept. A write waits at most so long
   * for its turn while its key is loaded or written, and as long again for the loader or the
   * writer; one that failed so may have happened, or may still. Give as much as the slowest load
   * may take.
   *
   * <p>Without it reads by {@linkplain #with(String) name} wait 15 seconds and writes 10 for their
   * turn; with {@linkplain #with(CacheLoader, CacheWriter) objects}, and where no other member is,
   * a read waits for ever.
   *
   * <p>Where members share the cache, one that lives and does not answer is waited for as long.
   *
   * @throws IllegalArgumentException if it is below one millisecond or above one day, or without a
   *     loader of your own
   */
  public Persist waitTimeout(Duration timeout) {
    Objects.requireNonNull(timeout, "timeout");
    if (!isOfProgram()) {
      throw new IllegalArgumentException(
          "waitTimeout is for a loader and a writer of your own, and this is "
              + this
              + ": leave it out");
    }
    if (timeout.compareTo(SHORTEST_WAIT) < 0 || timeout.compareTo(LONGEST_WAIT) > 0) {
      throw new IllegalArgumentException(
          "waitTimeout is "
              + timeout
              + ": give at least "
              + SHORTEST_WAIT
              + " and at most one day");
    }
    Draft draft = new Draft(this);
    draft.waitTimeout = timeout;
    return new Persist(draft);
  }

  private void requireKnown(String what, String why) {
    if (isOfProgram()) {
      throw new IllegalArgumentException(
          what + " does not work with a loader of your own: " + why + "; leave it out");
    }
  }

  /** Refuses what no other member can have, or what they would not do in one order. */
  void requireShareable(Mode mode, boolean async) {
    if (loader != null) {
      throw new IllegalArgumentException(
          "a loader and a writer that are given as objects work in mode LOCAL only, and this is "
              + mode
              + ": no other member has them; give each .loaderAndWriter(name, ...) in its"
              + " Cluster.builder(), and the name to Persist.with(name)");
    }
    if (mode == Mode.INVALIDATED) {
      throw new IllegalArgumentException(
          "persist does not work in mode INVALIDATED: of two members that write a key at once, one"
              + " could keep in memory what the other's write has replaced there; use"
              + " REPLICATED or DISTRIBUTED");
    }
    if (table != null && (source == null || isUrl())) {
      throw new IllegalArgumentException(
          "members of a "
              + mode
              + " cache find its table by the name of a data source: give each .dataSource(name,"
              + " source) in its Cluster.builder(), and the name to Persist.jdbc(name, table)");
    }
    if (async) {
      throw new IllegalArgumentException(
          "persist does not work with async: nobody would hear of a write that is refused there;"
              + " leave one out");
    }
    if (queueSize > 0 && directory != null) {
      throw new IllegalArgumentException(
          "writeBehind works with files in mode LOCAL only, and this is "
              + mode
              + ": which member has the last entries is known by what is in its files; leave it"
              + " out");
    }
    if (preload || purgeOnStart) {
      throw new IllegalArgumentException(
          "preload and purgeOnStart work in mode LOCAL only, and this is "
              + mode
              + ": each member that joins would do it; leave it out");
    }
  }

  /** The directory that was given, absolute; null if there is none. */
  public @Nullable Path directory() {
    return directory;
  }

  /** The table's name; null if there is none. */
  public @Nullable String table() {
    return table;
  }

  /** What is asked for entries; null unless {@link #with} made this. */
  public @Nullable CacheLoader<Object, Object> loader() {
    return loader;
  }

  /** What is given the entries that are written; null unless {@link #with} made this. */
  public @Nullable CacheWriter<Object, Object> writer() {
    return writer;
  }

  /** The name of a loader and a writer; null unless {@link #with(String)} made this. */
  public @Nullable String loaderName() {
    return loaderName;
  }

  /** Whether a loader and a writer of the program's own read and write, given or by their name. */
  public boolean isOfProgram() {
    return loader != null || loaderName != null;
  }

  /** The object that was given; null unless it was one. */
  public @Nullable DataSource dataSource() {
    return dataSource;
  }

  /** The URL, which may hold a password, or the data source's name; null unless one was given. */
  public @Nullable String source() {
    return source;
  }

  /** Whether {@link #source()} is a URL. */
  public boolean isUrl() {
    return source != null && source.startsWith(URL);
  }

  /** Whether entries are read when the cache opens. */
  public boolean isPreload() {
    return preload;
  }

  /** Whether what was kept goes when the cache opens. */
  public boolean isPurgeOnStart() {
    return purgeOnStart;
  }

  /** How many keys may wait to be written; 0 if a write returns when it is done. */
  public int queueSize() {
    return queueSize;
  }

  /** How many of them are written at once; 0 without {@link #writeBehind}. */
  public int batch() {
    return batch;
  }

  /** How long is waited for the loader, and for the writer; null if nothing was said. */
  public @Nullable Duration waitTimeout() {
    return waitTimeout;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Persist that
        && Objects.equals(directory, that.directory)
        && dataSource == that.dataSource
        && Objects.equals(source, that.source)
        && Objects.equals(table, that.table)
        && loader == that.loader
        && writer == that.writer
        && Objects.equals(loaderName, that.loaderName)
        && preload == that.preload
        && purgeOnStart == that.purgeOnStart
        && queueSize == that.queueSize
        && batch == that.batch
        && Objects.equals(waitTimeout, that.waitTimeout);
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        directory, source, table, loaderName, preload, purgeOnStart, queueSize, batch, waitTimeout);
  }

  /** Never shows what of a URL may be a secret. */
  @Override
  public String toString() {
    return place()
        + (preload ? " preload" : "")
        + (purgeOnStart ? " purgeOnStart" : "")
        + (queueSize == 0 ? "" : " writeBehind=" + queueSize + "/" + batch)
        + (waitTimeout == null ? "" : " waitTimeout=" + waitTimeout);
  }

  private String place() {
    if (loader != null && writer != null) {
      return "loader " + loader.getClass().getName() + ", writer " + writer.getClass().getName();
    }
    if (loaderName != null) {
      return "loader and writer '" + loaderName + "'";
    }
    if (table == null) {
      return "file:" + directory;
    }
    String from = source == null ? "a data source" : isUrl() ? withoutSecrets(source) : source;
    return "table " + table + " of " + from;
  }

  /** A URL up to what may be a parameter, or to its second colon if it may name a user. */
  private static String withoutSecrets(String url) {
    String start = PARAMETERS.split(url, 2)[0];
    return start.indexOf('@') < 0 ? start : url.substring(0, url.indexOf(':', URL.length()) + 1);
  }

  /** The fields while one of them changes. */
  private static final class Draft {
    private @Nullable Path directory;
    private @Nullable DataSource dataSource;
    private @Nullable String source;
    private @Nullable String table;
    private @Nullable CacheLoader<Object, Object> loader;
    private @Nullable CacheWriter<Object, Object> writer;
    private @Nullable String loaderName;
    private boolean preload;
    private boolean purgeOnStart;
    private int queueSize;
    private int batch;
    private @Nullable Duration waitTimeout;

    Draft() {}

    Draft(Persist from) {
      this.directory = from.directory;
      this.dataSource = from.dataSource;
      this.source = from.source;
      this.table = from.table;
      this.loader = from.loader;
      this.writer = from.writer;
      this.loaderName = from.loaderName;
      this.preload = from.preload;
      this.purgeOnStart = from.purgeOnStart;
      this.queueSize = from.queueSize;
      this.batch = from.batch;
      this.waitTimeout = from.waitTimeout;
    }
  }
}
