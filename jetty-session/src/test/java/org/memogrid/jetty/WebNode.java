/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jetty;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;

/** A Jetty server on one member, whose paths are given by the tests. */
final class WebNode implements AutoCloseable {
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private final Server server = new Server();
  private final ServerConnector connector = new ServerConnector(server);
  private final Map<String, Page> pages = new ConcurrentHashMap<>();
  private final List<String> destroyed = new CopyOnWriteArrayList<>();

  WebNode(Cluster cluster) {
    this(cluster, Mode.DISTRIBUTED);
  }

  WebNode(Cluster cluster, Mode mode) {
    try {
      server.addConnector(connector);
      connector.setHost("127.0.0.1");
      ClusterSessions.on(cluster).mode(mode).scavengeEvery(Duration.ofSeconds(1)).install(server);
      ServletContextHandler context =
          new ServletContextHandler("/", ServletContextHandler.SESSIONS);
      context.addServlet(new ServletHolder(new Pages()), "/*");
      context.getSessionHandler().addEventListener(new Destroyed());
      server.setHandler(context);
      page("/count", WebNode::count);
      server.start();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  WebNode page(String path, Page page) {
    pages.put(path, page);
    return this;
  }

  /** One more than the session's last answer. */
  static String count(HttpServletRequest request) {
    var session = request.getSession();
    int n = session.getAttribute("n") instanceof Integer before ? before + 1 : 1;
    session.setAttribute("n", n);
    return Integer.toString(n);
  }

  int port() {
    return connector.getLocalPort();
  }

  /** The attribute {@code name} of sessions whose listener was told here that they ended. */
  List<String> destroyed() {
    return destroyed;
  }

  @Override
  public void close() {
    try {
      server.stop();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** What a path answers. */
  @FunctionalInterface
  interface Page {
    String answer(HttpServletRequest request) throws Exception;
  }

  private final class Pages extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      try {
        Page page = pages.get(request.getRequestURI());
        response.getWriter().print(page == null ? "no page" : page.answer(request));
      } catch (IOException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IOException(e);
      }
    }
  }

  private final class Destroyed implements HttpSessionListener {
    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
      destroyed.add(String.valueOf(event.getSession().getAttribute("name")));
    }
  }

  /** Somebody with one session, who may go to any node. Not thread-safe. */
  static final class Visitor {
    private String cookie = "";

    String get(WebNode node, String path) {
      return get(node.port(), path);
    }

    String get(int port, String path) {
      HttpResponse<String> response = ask(port, path).join();
      if (response.statusCode() != 200) {
        throw new AssertionError(response.statusCode() + " " + response.body());
      }
      return response.body();
    }

    HttpResponse<String> response(WebNode node, String path) {
      return ask(node.port(), path).join();
    }

    CompletableFuture<HttpResponse<String>> ask(int port, String path) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).timeout(Await.LONG);
      if (!cookie.isEmpty()) {
        request.header("Cookie", cookie);
      }
      return CLIENT
          .sendAsync(request.build(), BodyHandlers.ofString())
          .thenApply(
              response -> {
                response
                    .headers()
                    .firstValue("Set-Cookie")
                    .ifPresent(given -> cookie = given.replaceFirst(";.*", ""));
                return response;
              });
    }

    String cookie() {
      return cookie;
    }

    Visitor withCookie(String given) {
      cookie = given;
      return this;
    }
  }
}
