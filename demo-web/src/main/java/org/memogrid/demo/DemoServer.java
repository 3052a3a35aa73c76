/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.io.IOException;
import java.time.Duration;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** The demo's HTTP side, on the loopback address alone. */
final class DemoServer implements AutoCloseable {
  private final Server server = new Server();
  private final ServerConnector connector = new ServerConnector(server);

  /**
   * Takes the port without serving yet, so that a port in use is known before the cluster is
   * joined. Whoever connects meanwhile waits.
   *
   * @throws IOException if the port can't be had; the message names it
   */
  DemoServer(int port) throws IOException {
    connector.setHost("127.0.0.1");
    connector.setPort(port);
    // An answer may take as long as the slowest run.
    connector.setIdleTimeout(Duration.ofSeconds(SlowIncrement.LONGEST_SECONDS + 30).toMillis());
    server.addConnector(connector);
    try {
      connector.open();
    } catch (IOException e) {
      throw new IOException(
          "HTTP port %d of 127.0.0.1 can't be had (%s): stop what uses it or give another --port"
              .formatted(port, e.getCause() == null ? e.getMessage() : e.getCause().getMessage()),
          e);
    }
  }

  int port() {
    return connector.getLocalPort();
  }

  void serve(Handler handler) throws Exception {
    server.setHandler(handler);
    server.start();
  }

  @Override
  public void close() {
    try {
      server.stop();
    } catch (Exception e) {
      throw new IllegalStateException("HTTP did not stop on port " + port(), e);
    } finally {
      connector.close();
    }
  }
}
