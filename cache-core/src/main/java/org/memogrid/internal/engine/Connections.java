/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections to one database: those of a data source, or those of a URL, of which a few are kept.
 * Thread-safe.
 */
final class Connections implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Connections.class);
  private static final int KEPT = 16;

  private final @Nullable DataSource source;
  private final String url;
  private final Deque<Connection> idle = new ConcurrentLinkedDeque<>();
  private volatile boolean closed;

  /** No connection was given. */
  static final class Unreachable extends SQLException {
    private static final long serialVersionUID = 1;

    Unreachable(SQLException cause) {
      super(cause.getMessage(), cause.getSQLState(), cause);
    }
  }

  /** What is done with a connection. */
  interface Work<T> {
    T on(Connection connection) throws SQLException;
  }

  /** The connection of one piece of work. */
  record Borrowed(Connection connection, boolean kept, boolean autoCommit) {}

  private Connections(@Nullable DataSource source, String url) {
    this.source = source;
    this.url = url;
  }

  static Connections of(DataSource source) {
    return new Connections(source, "");
  }

  static Connections of(String url) {
    return new Connections(null, url);
  }

  /** Does what is one statement: it has happened when this returns. */
  @CanIgnoreReturnValue
  <T> T statement(Work<T> work) throws SQLException {
    return call(true, work);
  }

  /** Does all of the work, or nothing. */
  @CanIgnoreReturnValue
  <T> T transaction(Work<T> work) throws SQLException {
    return call(
        false,
        connection -> {
          try {
            T done = work.on(connection);
            connection.commit();
            return done;
          } catch (SQLException | RuntimeException | Error e) {
            rollback(connection, e);
            throw e;
          }
        });
  }

  private static void rollback(Connection connection, Throwable because) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      because.addSuppressed(e);
    }
  }

  /** Work that met a kept connection whose database has gone meanwhile is done again on another. */
  private <T> T call(boolean autoCommit, Work<T> work) throws SQLException {
    while (true) {
      Borrowed borrowed = borrow(autoCommit);
      boolean sound = false;
      try {
        T done = work.on(borrowed.connection);
        sound = true;
        return done;
      } catch (SQLException e) {
        sound = borrowed.connection.isValid(1);
        if (sound || !borrowed.kept) {
          throw e;
        }
      } finally {
        giveBack(borrowed, sound);
      }
    }
  }

  /** A connection to {@linkplain #giveBack give back}. */
  Borrowed borrow(boolean autoCommit) throws SQLException {
    Connection kept = idle.pollFirst();
    Connection connection = kept == null ? connect() : kept;
    try {
      boolean before = connection.getAutoCommit();
      if (before != autoCommit) {
        connection.setAutoCommit(autoCommit);
      }
      return new Borrowed(connection, kept != null, before);
    } catch (SQLException e) {
      abandon(connection);
      throw new Unreachable(e);
    }
  }

  private Connection connect() throws SQLException {
    if (closed) {
      throw new Unreachable(new SQLException("the cache was closed"));
    }
    try {
      return source == null ? DriverManager.getConnection(url) : source.getConnection();
    } catch (SQLException e) {
      throw new Unreachable(e);
    }
  }

  /** Lets go of a connection; one that is not sound is not used again. */
  void giveBack(Borrowed borrowed, boolean sound) {
    Connection connection = borrowed.connection;
    try {
      if (sound && connection.getAutoCommit() != borrowed.autoCommit) {
        connection.setAutoCommit(borrowed.autoCommit);
      }
      if (sound && source == null && !closed && idle.size() < KEPT) {
        idle.addFirst(connection);
      } else {
        connection.close();
      }
    } catch (SQLException e) {
      abandon(connection); // what was done with it is done
    }
  }

  private static void abandon(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      LOG.debug("a connection was not closed", e);
    }
  }

  /** Closes what is kept; a data source is its owner's. */
  @Override
  public void close() {
    closed = true;
    for (Connection kept = idle.pollFirst(); kept != null; kept = idle.pollFirst()) {
      abandon(kept);
    }
  }
}
