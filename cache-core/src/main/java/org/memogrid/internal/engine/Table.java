/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The entries of one cache in a table of a database, as bytes. All methods wait for the database.
 * Thread-safe.
 *
 * <p>A row that no key can have says which cache the table belongs to. Such rows are in no segment.
 */
final class Table {
  /** In place of a hash. */
  static final String MARK = "memogrid";

  private static final int FETCH = 512;

  private final Connections connections;
  private final TableSql sql;

  /** An entry; it ends at milliseconds since the epoch, {@link Long#MAX_VALUE} for never. */
  static final class Row {
    final int segment;
    final long ends;
    final byte[] key;
    final byte[] entry;

    Row(int segment, long ends, byte[] key, byte[] entry) {
      this.segment = segment;
      this.ends = ends;
      this.key = key;
      this.entry = entry;
    }
  }

  Table(Connections connections, String name) throws SQLException {
    this.connections = connections;
    this.sql = connections.statement(connection -> TableSql.of(connection, name));
  }

  /**
   * Makes the table unless it is there.
   *
   * @return whether it has no rows at all
   */
  boolean create() throws SQLException {
    try {
      return isEmpty();
    } catch (Connections.Unreachable e) {
      throw e;
    } catch (SQLException absent) {
      return createNow();
    }
  }

  private boolean createNow() throws SQLException {
    try {
      connections.statement(connection -> run(connection, sql.create()));
    } catch (SQLException e) {
      try {
        return isEmpty(); // another member was faster
      } catch (SQLException still) {
        throw e;
      }
    }
    return true;
  }

  private boolean isEmpty() throws SQLException {
    return connections.statement(
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(sql.anyRow())) {
            statement.setMaxRows(1);
            try (ResultSet rows = statement.executeQuery()) {
              return !rows.next();
            }
          }
        });
  }

  private static int run(Connection connection, String command) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return statement.executeUpdate(command);
    }
  }

  /** Whose table this is; null if nobody has said so. */
  @Nullable Row mark() throws SQLException {
    return find(MARK);
  }

  /** Says whose table this is, unless another was faster. */
  void mark(byte[] codec, String owner) throws SQLException {
    var unused = insert(MARK, new Row(-1, Long.MAX_VALUE, codec, owner.getBytes(UTF_8)));
  }

  /** Whether there was none. */
  boolean insert(String id, Row row) throws SQLException {
    try {
      connections.statement(
          connection -> {
            try (PreparedStatement insert = connection.prepareStatement(sql.insert())) {
              fill(insert, id, row);
              return insert.executeUpdate();
            }
          });
      return true;
    } catch (SQLException e) {
      if (find(id) == null) {
        throw e;
      }
      return false;
    }
  }

  /** Whether the one that ends then was there. */
  boolean replace(String id, long ends, Row row) throws SQLException {
    return connections.statement(
            connection -> {
              try (PreparedStatement replace = connection.prepareStatement(sql.replace())) {
                fillAfter(replace, 0, row);
                replace.setString(5, id);
                replace.setLong(6, ends);
                return replace.executeUpdate();
              }
            })
        > 0;
  }

  @Nullable Row load(byte[] key) throws SQLException {
    return find(idOf(key));
  }

  /** A row that no key can have. */
  @Nullable Row find(String id) throws SQLException {
    Optional<Row> found =
        connections.statement(
            connection -> {
              try (PreparedStatement load = connection.prepareStatement(sql.load())) {
                load.setString(1, id);
                try (ResultSet rows = load.executeQuery()) {
                  return rows.next() ? Optional.of(row(rows)) : Optional.empty();
                }
              }
            });
    return found.orElse(null);
  }

  private static Row row(ResultSet rows) throws SQLException {
    return new Row(rows.getInt(1), rows.getLong(2), rows.getBytes(3), rows.getBytes(4));
  }

  void write(Row row) throws SQLException {
    write(idOf(row.key), row);
  }

  void write(String id, Row row) throws SQLException {
    if (sql.upsert() == null) {
      connections.transaction(connection -> updateOrInsert(connection, id, row));
      return;
    }
    connections.statement(
        connection -> {
          try (PreparedStatement upsert = connection.prepareStatement(sql.upsert())) {
            fill(upsert, id, row);
            return upsert.executeUpdate();
          }
        });
  }

  @CanIgnoreReturnValue
  private int updateOrInsert(Connection connection, String id, Row row) throws SQLException {
    try (PreparedStatement update = connection.prepareStatement(sql.update())) {
      fillAfter(update, 0, row);
      update.setString(5, id);
      if (update.executeUpdate() > 0) {
        return 1;
      }
    }
    try (PreparedStatement insert = connection.prepareStatement(sql.insert())) {
      fill(insert, id, row);
      return insert.executeUpdate();
    }
  }

  private static void fill(PreparedStatement statement, String id, Row row) throws SQLException {
    statement.setString(1, id);
    fillAfter(statement, 1, row);
  }

  private static void fillAfter(PreparedStatement statement, int at, Row row) throws SQLException {
    statement.setInt(at + 1, row.segment);
    statement.setLong(at + 2, row.ends);
    statement.setBytes(at + 3, row.key);
    statement.setBytes(at + 4, row.entry);
  }

  /** Whether there was a row. */
  boolean delete(byte[] key) throws SQLException {
    return connections.statement(
            connection -> {
              try (PreparedStatement delete = connection.prepareStatement(sql.delete())) {
                delete.setString(1, idOf(key));
                return delete.executeUpdate();
              }
            })
        > 0;
  }

  /** Deletes a row if it has ended by then. */
  boolean deleteEnded(byte[] key, long time) throws SQLException {
    return connections.statement(
            connection -> {
              try (PreparedStatement delete = connection.prepareStatement(sql.deleteEnded())) {
                delete.setString(1, idOf(key));
                delete.setLong(2, time);
                return delete.executeUpdate();
              }
            })
        > 0;
  }

  /** What is done to one row: a row to write, or null to delete it. */
  private record Change(String id, @Nullable Row row) {}

  /**
   * Writes and deletes rows of different keys, all or none. They are written in the order of their
   * ids, so that of two that meet one waits for the other, and neither for ever.
   */
  void change(List<Row> written, List<byte[]> deleted) throws SQLException {
    List<Change> changes = new ArrayList<>(written.size() + deleted.size());
    written.forEach(row -> changes.add(new Change(idOf(row.key), row)));
    deleted.forEach(key -> changes.add(new Change(idOf(key), null)));
    changes.sort(Comparator.comparing(Change::id));
    connections.transaction(connection -> changeNow(connection, changes));
  }

  private int changeNow(Connection connection, List<Change> changes) throws SQLException {
    String write = sql.upsert();
    try (PreparedStatement upsert = write == null ? null : connection.prepareStatement(write);
        PreparedStatement delete = connection.prepareStatement(sql.delete())) {
      for (Change change : changes) {
        Row row = change.row;
        if (row == null) {
          delete.setString(1, change.id);
          delete.addBatch();
        } else if (upsert == null) {
          updateOrInsert(connection, change.id, row);
        } else {
          fill(upsert, change.id, row);
          upsert.addBatch();
        }
      }
      if (upsert != null) {
        upsert.executeBatch();
      }
      delete.executeBatch();
      return changes.size();
    }
  }

  /** Deletes what has ended. */
  void purge(long now) throws SQLException {
    connections.statement(
        connection -> {
          try (PreparedStatement purge = connection.prepareStatement(sql.purge())) {
            purge.setLong(1, now);
            return purge.executeUpdate();
          }
        });
  }

  void clear() throws SQLException {
    connections.statement(connection -> run(connection, sql.clear()));
  }

  void drop() throws SQLException {
    connections.statement(connection -> run(connection, sql.drop()));
  }

  long count(long now, @Nullable String segments) throws SQLException {
    return connections.statement(
        connection -> {
          try (PreparedStatement count = connection.prepareStatement(sql.count(segments))) {
            count.setLong(1, now);
            try (ResultSet rows = count.executeQuery()) {
              return rows.next() ? rows.getLong(1) : 0;
            }
          }
        });
  }

  /** The rows that have not ended, as they are read one after the other. To be closed. */
  Cursor scan(long now, @Nullable String segments) throws SQLException {
    Connections.Borrowed borrowed = connections.borrow(false); // else PostgreSQL sends all at once
    try {
      PreparedStatement scan = borrowed.connection().prepareStatement(sql.scan(segments));
      scan.setFetchSize(FETCH);
      scan.setLong(1, now);
      return new Cursor(connections, borrowed, scan, scan.executeQuery());
    } catch (SQLException e) {
      connections.giveBack(borrowed, false);
      throw e;
    }
  }

  static final class Cursor implements AutoCloseable {
    private final Connections connections;
    private final Connections.Borrowed borrowed;
    private final PreparedStatement statement;
    private final ResultSet rows;
    private boolean sound = true;

    Cursor(
        Connections connections,
        Connections.Borrowed borrowed,
        PreparedStatement statement,
        ResultSet rows) {
      this.connections = connections;
      this.borrowed = borrowed;
      this.statement = statement;
      this.rows = rows;
    }

    /** Null at the end. */
    @Nullable Row next() throws SQLException {
      try {
        return rows.next() ? row(rows) : null;
      } catch (SQLException e) {
        sound = false;
        throw e;
      }
    }

    @Override
    public void close() throws SQLException {
      try (rows;
          statement) {
        borrowed.connection().rollback(); // nothing was written
      } finally {
        connections.giveBack(borrowed, sound);
      }
    }
  }

  /** The same for every key of any length, and for no two keys. */
  static String idOf(byte[] key) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(key));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("a JDK without SHA-256", e);
    }
  }
}
