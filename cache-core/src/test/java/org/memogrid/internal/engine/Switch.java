/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A data source that can be switched off, as a database whose machine is gone, and whose reads of
 * single rows can be held between the database and who asked.
 */
final class Switch implements DataSource {
  private final DataSource source;
  private volatile boolean off;
  private volatile @Nullable Held held;

  /** Reads that have their answer from the database, and keep it for a while. */
  static final class Held {
    private final CountDownLatch read = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);

    /** Returns when a read has its answer. */
    void awaitRead() throws InterruptedException {
      assertThat(read.await(30, TimeUnit.SECONDS)).isTrue();
    }

    void letGo() {
      go.countDown();
    }

    private void hold() throws InterruptedException {
      read.countDown();
      assertThat(go.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  Switch(DataSource source) {
    this.source = source;
  }

  void off() {
    off = true;
  }

  void on() {
    off = false;
  }

  /** Holds the next read of a row. */
  Held holdOneRead() {
    Held now = new Held();
    held = now;
    return now;
  }

  @Override
  public Connection getConnection() throws SQLException {
    if (off) {
      throw new SQLException("connection refused", "08001");
    }
    return held == null ? source.getConnection() : holding(source.getConnection());
  }

  private Connection holding(Connection connection) {
    return wrapped(
        Connection.class,
        connection,
        (method, arguments, answer) ->
            method.getName().equals("prepareStatement")
                    && arguments[0].toString().startsWith("SELECT segment")
                    && arguments[0].toString().endsWith("id = ?")
                ? holding((PreparedStatement) answer)
                : answer);
  }

  private PreparedStatement holding(PreparedStatement statement) {
    return wrapped(
        PreparedStatement.class,
        statement,
        (method, arguments, answer) -> {
          Held now = held;
          if (method.getName().equals("executeQuery") && now != null) {
            held = null;
            now.hold();
          }
          return answer;
        });
  }

  private interface After {
    Object then(Method method, Object[] arguments, Object answer) throws InterruptedException;
  }

  private static <T> T wrapped(Class<T> type, T object, After after) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                return after.then(method, arguments, method.invoke(object, arguments));
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    return getConnection();
  }

  @Override
  public PrintWriter getLogWriter() throws SQLException {
    return source.getLogWriter();
  }

  @Override
  public void setLogWriter(PrintWriter out) throws SQLException {
    source.setLogWriter(out);
  }

  @Override
  public void setLoginTimeout(int seconds) throws SQLException {
    source.setLoginTimeout(seconds);
  }

  @Override
  public int getLoginTimeout() throws SQLException {
    return source.getLoginTimeout();
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    return source.getParentLogger();
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return source.unwrap(type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return source.isWrapperFor(type);
  }
}
