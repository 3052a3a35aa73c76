/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;
import org.infinispan.AdvancedCache;
import org.infinispan.configuration.global.GlobalConfiguration;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Codec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tables of one engine's caches, by the cache's name; opened here before the engine starts the
 * cache, and looked for by its {@link TableStore}. Thread-safe.
 */
final class Tables {
  private static final Logger LOG = LoggerFactory.getLogger(Tables.class);

  /** A tenth of the time between two looks of who has a table. */
  static final long PAUSE_MILLIS = 100;

  private final Codec codec;
  private final Map<String, DataSource> sources;
  private final ConcurrentMap<String, Opened> opened = new ConcurrentHashMap<>();

  /**
   * @param place what errors call it
   * @param hold by which other processes and clusters are kept away
   * @param isLast whether nobody has the table together with this process now
   */
  record Opened(
      Connections connections,
      Table table,
      String place,
      CountDownLatch closing,
      TableHold hold,
      BooleanSupplier isLast) {
    CacheException failed(String cache, String what, Throwable cause) {
      return Tables.failed(cache, place, what, cause);
    }
  }

  /**
   * @param sources the data sources that this member gave a name
   */
  Tables(Codec codec, Map<String, DataSource> sources) {
    this.codec = codec;
    this.sources = Map.copyOf(sources);
  }

  /** Who has tables: a process by itself, or with the other members of its cluster. */
  interface Owner {
    TableHold hold(Table table);

    /** Whether it is alone, at this moment. */
    boolean isLast();
  }

  /**
   * Opens the table of that cache unless that was done; makes and marks it if need be. Takes some
   * seconds more if the last owner was killed.
   *
   * @throws CacheException if it can't be reached, made or read, or is another's
   */
  synchronized void open(String cache, Persist persist, int segments, Owner owner) {
    if (!opened.containsKey(cache)) {
      opened.put(cache, connect(cache, persist, segments, owner));
    }
  }

  /** Throws what {@link #open} would throw, and leaves nothing open. */
  synchronized void check(String cache, Persist persist, int segments, Owner owner) {
    if (!opened.containsKey(cache)) {
      connect(cache, persist, segments, owner).connections.close();
    }
  }

  private Opened connect(String cache, Persist persist, int segments, Owner owner) {
    String place = persist.toString();
    Connections connections = connections(cache, persist);
    try {
      Table table = new Table(connections, requireNonNull(persist.table(), "table"));
      claim(cache, place, table, segments);
      TableHold hold = owner.hold(table);
      take(cache, place, hold);
      return new Opened(connections, table, place, new CountDownLatch(1), hold, owner::isLast);
    } catch (Connections.Unreachable e) {
      connections.close();
      throw failed(
          cache,
          place,
          "the database can't be reached; see that it runs, that its driver is on the class path"
              + " and that the address, user and password are right",
          e);
    } catch (SQLException e) {
      connections.close();
      throw failed(
          cache,
          place,
          "the table can't be made or read; give the user the right to create it, or create it"
              + " yourself and give the rights to select, insert, update and delete",
          e);
    } catch (RuntimeException e) {
      connections.close();
      throw e;
    }
  }

  /** The tables of the engine with that configuration. */
  static Tables of(GlobalConfiguration engine) {
    return ((EntryMarshaller) engine.serialization().marshaller()).tables();
  }

  /** Who has the table of that cache; null if it is in none. */
  static @Nullable TableHold hold(AdvancedCache<?, ?> cache, String name) {
    Opened there = of(cache.getCacheManager().getCacheManagerConfiguration()).opened(name);
    return there == null ? null : there.hold;
  }

  /** Deletes all that the cache's table holds. */
  void purge(String cache) {
    Opened there = requireNonNull(opened.get(cache), "not open");
    try {
      there.table.clear();
    } catch (SQLException e) {
      throw there.failed(cache, "the rows were not deleted; see that the user may delete", e);
    }
  }

  /** What a {@link TableStore} works on. */
  @Nullable Opened opened(String cache) {
    return opened.get(cache);
  }

  /** What still waits to be written has one more try. */
  void closing() {
    opened.values().forEach(each -> each.closing.countDown());
  }

  /** Lets go of a cache's connections; of the table too if it was destroyed. */
  void close(String cache, boolean destroyed) {
    Opened there = opened.remove(cache);
    if (there == null) {
      return;
    }
    try {
      if (destroyed) {
        there.table.drop();
      } else {
        release(there);
      }
    } catch (SQLException e) {
      throw there.failed(
          cache, "the table was not dropped; drop it yourself: the cache is not open any more", e);
    } finally {
      there.connections.close();
    }
  }

  private static void release(Opened there) {
    try {
      if (there.isLast.getAsBoolean()) {
        there.hold.release();
      }
    } catch (SQLException | RuntimeException e) { // the others are to be closed all the same
      LOG.debug("{} was not let go: who opens it next waits for a while", there.place, e);
    }
  }

  void close() {
    for (String cache : List.copyOf(opened.keySet())) {
      close(cache, false);
    }
  }

  private Connections connections(String cache, Persist persist) {
    DataSource given = persist.dataSource();
    if (given != null) {
      return Connections.of(given);
    }
    String source = requireNonNull(persist.source(), "source");
    if (persist.isUrl()) {
      return Connections.of(source);
    }
    DataSource named = sources.get(source);
    if (named == null) {
      throw new CacheException(
          "cache '"
              + cache
              + "' is kept in "
              + persist
              + ", and this member has no data source of that name: add .dataSource(\""
              + source
              + "\", ...) to its Cluster.builder()");
    }
    return Connections.of(named);
  }

  private void claim(String cache, String place, Table table, int segments) throws SQLException {
    String owner = "1 cache=" + cache + " segments=" + segments;
    byte[] probe = codec.encode(Table.MARK);
    boolean empty = table.create();
    Table.Row mark = table.mark();
    if (mark == null && !empty) {
      throw new CacheException(
          at(cache, place)
              + "the table has rows and no mark of a cache: give the cache a table of its own");
    }
    if (mark == null) {
      table.mark(probe, owner);
      mark = requireNonNull(table.mark(), "just written");
    }
    String found = new String(mark.entry, UTF_8);
    if (!found.equals(owner)) {
      throw new CacheException(
          at(cache, place)
              + "the table belongs to ["
              + found
              + "] and not to ["
              + owner
              + "]: give each cache a table of its own");
    }
    if (!Arrays.equals(mark.key, probe)) {
      throw new CacheException(
          at(cache, place)
              + "the table was written with another codec, so its keys would not be found: use the"
              + " codec that it was written with, one that encodes equal objects alike, or another"
              + " table");
    }
  }

  private static void take(String cache, String place, TableHold hold) throws SQLException {
    String other;
    try {
      other = hold.take(() -> TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CacheException(
          at(cache, place) + "interrupted while it was asked who has the table", e);
    }
    if (other != null) {
      throw new CacheException(
          at(cache, place)
              + "the table is in use by "
              + other
              + ": give each cluster and each LOCAL cache a table of its own; processes share one"
              + " in DISTRIBUTED or REPLICATED, as members of one cluster");
    }
  }

  private static String at(String cache, String place) {
    return "cache '" + cache + "', " + place + ": ";
  }

  private static CacheException failed(String cache, String place, String what, Throwable cause) {
    return new CacheException(at(cache, place) + what + " (" + cause.getMessage() + ")", cause);
  }
}
