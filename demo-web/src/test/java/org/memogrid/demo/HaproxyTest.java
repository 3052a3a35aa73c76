/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/**
 * HAProxy, with the configuration that {@code bin/demo --haproxy} gives it, in front of two real
 * nodes. Skipped where it is not installed, except in continuous integration.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class HaproxyTest {
  private static final Path HAPROXY = Path.of("/usr/sbin/haproxy");

  private static FreePorts ports;
  private static int balancer;
  private static DemoProcess[] nodes;
  private static @Nullable Process haproxy;

  /** A JVM that is told to stop runs no {@code AfterAll}. */
  private static final Thread endWithThisJvm =
      new Thread(
          () -> {
            if (haproxy != null) {
              haproxy.destroyForcibly();
            }
          });

  private final HttpClient client = newClient();

  @BeforeAll
  static void start() throws IOException {
    boolean installed = Files.isExecutable(HAPROXY);
    if ("true".equals(System.getenv("CI"))) {
      assertThat(installed).as("haproxy is installed: apt-get install haproxy").isTrue();
    }
    assumeTrue(installed, "haproxy is not installed: apt-get install haproxy");
    ports = FreePorts.take();
    balancer = ports.base() + 60;
    nodes = new DemoProcess[] {node(0), node(1)};
    nodes[0].awaitMembers(2);
    nodes[1].awaitMembers(2);
    Runtime.getRuntime().addShutdownHook(endWithThisJvm);
    haproxy = haproxy("test", balancer, httpPort(0), httpPort(1));
  }

  /** HAProxy on that port, in front of those, with files of that name. */
  private static Process haproxy(String name, int port, Integer... before) throws IOException {
    Path config = Path.of("target", "haproxy-" + name + ".cfg");
    Files.writeString(config, new HaproxyConfig(port, List.of(before)).text());
    return new ProcessBuilder(HAPROXY.toString(), "-db", "-f", config.toString())
        .redirectErrorStream(true)
        .redirectOutput(Path.of("target", "haproxy-" + name + ".log").toFile())
        .start();
  }

  @AfterAll
  static void stop() {
    if (haproxy != null) {
      haproxy.destroyForcibly();
      Runtime.getRuntime().removeShutdownHook(endWithThisJvm);
    }
    if (nodes != null) {
      nodes[0].close();
      nodes[1].close();
    }
    if (ports != null) {
      ports.close();
    }
  }

  @Test
  @Order(1)
  void whoHasNoCookieIsSentToTheNodesInTurn() {
    awaitBothInTurn();
    Await.until(
        "the balancer's own page",
        () -> get("/haproxy-status", "").body().contains("node-" + httpPort(1)));
  }

  @Test
  @Order(1)
  void aSecondBalancerOnThePortEnds() throws Exception {
    Process second = haproxy("second", balancer, httpPort(1), httpPort(0));
    try {
      assertThat(second.waitFor(20, SECONDS)).as("ended").isTrue();
      assertThat(second.exitValue()).isNotZero();
    } finally {
      second.destroyForcibly();
    }
  }

  /**
   * 1. A node has drained: it answers 503. 2. Its light was green when the balancer looked last.
   */
  @Test
  @Order(1)
  void whoIsTold503IsServedByAnotherNode() throws Exception {
    AtomicInteger refused = new AtomicInteger();
    HttpServer drained = web(503, refused);
    HttpServer other = web(200, new AtomicInteger());
    int port = ports.base() + 61;
    Process before =
        haproxy("503", port, drained.getAddress().getPort(), other.getAddress().getPort());
    try {
      URI uri = URI.create("http://127.0.0.1:" + port + "/");
      Await.until("the balancer", () -> status(uri) == 200);
      refused.set(0);
      Set<Integer> statuses = new HashSet<>();
      Await.until(
          "some who came to the one that has drained",
          () -> {
            statuses.add(status(uri));
            return refused.get() >= 10;
          });
      assertThat(statuses).containsExactly(200);
    } finally {
      before.destroyForcibly();
      drained.stop(0);
      other.stop(0);
    }
  }

  @Test
  @Order(2)
  void killingTheNodeOfAVisitorFailsNoRequestAndKeepsTheSession() throws Exception {
    Visitor visitor = new Visitor();
    for (int i = 1; i <= 20; i++) {
      assertThat(visitor.count()).isEqualTo(i);
    }
    int sticky = visitor.node();
    int other = 1 - sticky;
    // Under way on the node that dies: the balancer asks the other, which computes anew. On a
    // connection of its own: on one that was used before, the client itself would ask again.
    var underWay =
        CompletableFuture.supplyAsync(() -> get(newClient(), "/example/?t=3", visitor.cookies()));
    Await.until("the run", () -> nodes[sticky].runs(3) == 1);
    try (Crowd crowd = new Crowd()) {
      crowd.awaitAnswers(40);
      nodes[sticky].kill();
      for (int i = 21; i <= 60; i++) {
        assertThat(visitor.count()).isEqualTo(i);
      }
      crowd.goOn(Duration.ofSeconds(3));
    }
    assertThat(visitor.node()).isEqualTo(other);
    assertThat(underWay.join().statusCode()).isEqualTo(200);
    assertThat(underWay.join().body()).isEqualTo("value=4\n");
    nodes[sticky] = node(sticky);
    nodes[sticky].awaitMembers(2);
    awaitBothInTurn();
  }

  @Test
  @Order(3)
  void aNodeThatIsStoppedDrainsFirstAndLosesNoRequest() throws Exception {
    Visitor visitor = new Visitor();
    int n = visitor.count();
    int sticky = visitor.node();
    var slow = nodes[sticky].get("/example/?t=2");
    Await.until("the slow run", () -> nodes[sticky].runs(2) == 1);
    try (Crowd crowd = new Crowd()) {
      crowd.awaitAnswers(40);
      nodes[sticky].terminate();
      Await.until("a red light", () -> nodes[sticky].get("/health").join().status() == 503);
      while (nodes[sticky].isAlive()) {
        assertThat(visitor.count()).isEqualTo(++n);
      }
      crowd.goOn(Duration.ofSeconds(1));
    }
    assertThat(visitor.node()).isEqualTo(1 - sticky);
    assertThat(slow.join().body()).isEqualTo("value=3\n");
  }

  /** One that has just come back may get the first request out of turn. */
  private void awaitBothInTurn() {
    Await.until(
        "both nodes behind the balancer, in turn",
        () -> {
          String first = fresh();
          String second = fresh();
          return !first.equals(second) && fresh().equals(first) && fresh().equals(second);
        });
  }

  /** Which node answers somebody who has not been there before. */
  private String fresh() {
    HttpResponse<String> response = get("/", "");
    assertThat(response.statusCode()).isEqualTo(200);
    return cookie(response, "NODE");
  }

  private static HttpClient newClient() {
    return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  }

  private HttpResponse<String> get(String path, String cookies) {
    return get(client, path, cookies);
  }

  private static HttpResponse<String> get(HttpClient client, String path, String cookies) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + balancer + path))
            .timeout(Duration.ofSeconds(60));
    if (!cookies.isEmpty()) {
      request.header("Cookie", cookies);
    }
    try {
      return client.send(request.build(), BodyHandlers.ofString());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError("no answer to " + path, e);
    }
  }

  private static String cookie(HttpResponse<String> response, String name) {
    return response.headers().allValues("Set-Cookie").stream()
        .filter(cookie -> cookie.startsWith(name + "="))
        .map(cookie -> cookie.replaceFirst(";.*", ""))
        .findFirst()
        .orElse("");
  }

  private static int httpPort(int number) {
    return ports.base() + 50 + number;
  }

  private static DemoProcess node(int number) throws IOException {
    int base = ports.base();
    return DemoProcess.start(
        httpPort(number),
        "--node-name",
        "node-" + number,
        "--cluster-name",
        "haproxy-" + base,
        "--cluster-port",
        Integer.toString(base),
        "--drain",
        "5"); // long enough to be seen on a slow machine
  }

  /** A node of the JDK's own that is healthy, answers the rest so, and counts it. */
  private static HttpServer web(int status, AtomicInteger asked) throws IOException {
    HttpServer web =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    web.createContext(
        "/",
        exchange -> {
          boolean health = exchange.getRequestURI().getPath().equals("/health");
          if (!health) {
            asked.incrementAndGet();
          }
          exchange.sendResponseHeaders(health ? 200 : status, -1);
          exchange.close();
        });
    web.start();
    return web;
  }

  private int status(URI uri) throws Exception {
    return client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.discarding()).statusCode();
  }

  /** Four visitors who ask again and again, and are all to be served. */
  private final class Crowd implements AutoCloseable {
    private static final int VISITORS = 4;

    private final Queue<String> failed = new ConcurrentLinkedQueue<>();
    private final AtomicInteger answered = new AtomicInteger();
    private final ExecutorService threads = Executors.newFixedThreadPool(VISITORS);
    private volatile boolean goes = true;

    Crowd() {
      for (int i = 0; i < VISITORS; i++) {
        threads.execute(this::visit);
      }
    }

    private void visit() {
      Visitor visitor = new Visitor();
      while (goes) {
        try {
          int unused = visitor.count();
        } catch (AssertionError e) {
          failed.add(String.valueOf(e.getMessage()));
        }
        answered.incrementAndGet();
      }
    }

    /** Until each has asked some more, and a visitor may be on any node. */
    void awaitAnswers(int count) {
      int before = answered.get();
      Await.until(count + " answers", () -> answered.get() >= before + count);
    }

    void goOn(Duration time) {
      long since = System.nanoTime();
      Await.until("some time", () -> System.nanoTime() - since > time.toNanos());
    }

    @Override
    public void close() {
      goes = false;
      threads.shutdown();
      Await.until("the visitors' end", threads::isTerminated);
      assertThat(failed).as("of %s requests", answered).isEmpty();
    }
  }

  /** Somebody with a browser's cookies. */
  private final class Visitor {
    private String session = "";
    private String sticky = "";

    /** What {@code /count} says; fails if the answer is not 200. */
    int count() {
      HttpResponse<String> response = get("/count", cookies());
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      String newSession = cookie(response, "JSESSIONID");
      session = newSession.isEmpty() ? session : newSession;
      String newSticky = cookie(response, "NODE");
      sticky = newSticky.isEmpty() ? sticky : newSticky;
      return Integer.parseInt(response.body().replaceAll("\\D", ""));
    }

    String cookies() {
      return session + (session.isEmpty() || sticky.isEmpty() ? "" : "; ") + sticky;
    }

    int node() {
      return sticky.endsWith(Integer.toString(httpPort(0))) ? 0 : 1;
    }
  }
}
