/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.io.IOException;
import java.time.Duration;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ThreadPool;
import org.memogrid.cluster.Cluster;
import org.memogrid.jetty.ClusterSessions;

/** The demo's HTTP side, on the loopback address alone. */
final class DemoServer implements AutoCloseable {
  /** The longest answer, and a little. */
  private static final Duration PATIENCE = Duration.ofSeconds(SlowIncrement.LONGEST_SECONDS + 5);

  private final Server server = new Server(threads());
  private final ServerConnector connector = new ServerConnector(server);
  private final Health health;

  /**
   * Begins to serve {@link Health}, so that a port in use is known before the cluster is joined.
   *
   * @throws IOException if the port can't be had; the message names it
   */
  DemoServer(int port, Health health) throws Exception {
    this.health = health;
    connector.setHost("127.0.0.1");
    connector.setPort(port);
    connector.setIdleTimeout(PATIENCE.plusSeconds(30).toMillis());
    server.addConnector(connector);
    server.setHandler(new GracefulHandler(health));
    server.setStopTimeout(PATIENCE.toMillis());
    try {
      connector.open();
    } catch (IOException e) {
      throw new IOException(
          ("HTTP port %d of 127.0.0.1 can't be had (%s): stop what uses it or give another --port,"
                  + " for several nodes another --http-port")
              .formatted(port, e.getCause() == null ? e.getMessage() : e.getCause().getMessage()),
          e);
    }
    server.start();
  }

  /**
   * Threads for those who wait. A call of {@code /example/} holds one for up to a minute: where the
   * JVM has virtual ones, 21 and later, as many as there are calls; else one of 200.
   */
  private static ThreadPool threads() {
    QueuedThreadPool threads = new QueuedThreadPool();
    if (VirtualThreads.areSupported()) {
      threads.setVirtualThreadsExecutor(VirtualThreads.getDefaultVirtualThreadsExecutor());
    }
    return threads;
  }

  int port() {
    return connector.getLocalPort();
  }

  /** Serves the application, its sessions in the cluster, after what others answer. */
  void serve(Cluster cluster, DemoApp app, Handler... first) throws Exception {
    ClusterSessions.on(cluster).install(server);
    ServletContextHandler context = new ServletContextHandler("/", ServletContextHandler.SESSIONS);
    context.getSessionHandler().setMaxInactiveInterval((int) Duration.ofMinutes(30).toSeconds());
    context.addServlet(new ServletHolder(new DemoServlet(app)), "/*");
    Handler.Sequence all = new Handler.Sequence(first);
    all.addHandler(context);
    health.setHandler(all);
    health.manage(all); // stops with it; the server runs, so nobody else starts it
    all.start();
  }

  /** Takes no more connections, finishes what is under way, ends. */
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
