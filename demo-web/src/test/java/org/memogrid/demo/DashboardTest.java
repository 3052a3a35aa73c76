/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.memogrid.testkit.Await;

/** The stream of events to the pages, over real HTTP. */
@Timeout(120)
class DashboardTest {
  private static final int PAGES = 200;

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final AtomicInteger snapshots = new AtomicInteger();
  private final Server server = new Server();
  private final ServerConnector connector = new ServerConnector(server);

  private @Nullable Dashboard dashboard;

  private Dashboard start(Supplier<String> snapshot) throws Exception {
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    Dashboard started = new Dashboard(snapshot);
    dashboard = started;
    server.setHandler(started);
    server.start();
    return started;
  }

  @AfterEach
  void stop() throws Exception {
    if (dashboard != null) {
      dashboard.close();
    }
    server.stop();
  }

  @Test
  void twoHundredPagesCostOneSnapshotASecondAndEachGetsThem() throws Exception {
    List<Queue<Integer>> pages = new ArrayList<>();
    var unused = start(() -> Integer.toString(snapshots.incrementAndGet()));
    for (int i = 0; i < PAGES; i++) {
      Queue<Integer> events = new ConcurrentLinkedQueue<>();
      pages.add(events);
      open(events);
    }
    Await.until("each has an event", () -> pages.stream().noneMatch(Queue::isEmpty));
    int before = snapshots.get();
    long since = System.nanoTime();
    Await.until(
        "each has the next five", () -> pages.stream().allMatch(page -> count(page, before) >= 5));
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - since);
    assertThat(snapshots.get() - before)
        .as("snapshots for %s pages in %s s", PAGES, seconds)
        .isBetween(5, (int) seconds + 2);
    // A page may miss some on a machine with more to do than it can, but has none twice.
    assertThat(pages)
        .allSatisfy(page -> assertThat(List.copyOf(page)).isSorted().doesNotHaveDuplicates());
  }

  private static long count(Queue<Integer> page, int after) {
    return page.stream().filter(event -> event > after).count();
  }

  private void open(Queue<Integer> events) {
    var unused =
        client
            .sendAsync(request(), BodyHandlers.ofLines())
            .thenAcceptAsync(
                response ->
                    data(response.body()).forEach(event -> events.add(Integer.parseInt(event))),
                task -> {
                  Thread thread = new Thread(null, task, "page", 64 * 1024);
                  thread.setDaemon(true);
                  thread.start();
                });
  }

  @Test
  void aNewPageGetsTheLastEventAtOnceWithoutASnapshotOfItsOwn() throws Exception {
    var unused = start(() -> Integer.toString(snapshots.incrementAndGet()));
    try (BufferedReader one = lines()) {
      assertThat(one.readLine()).isEqualTo("data: 1");
      int before = snapshots.get();
      long since = System.nanoTime();
      for (int i = 0; i < 20; i++) {
        try (BufferedReader other = lines()) {
          assertThat(data(other.lines()).findFirst()).isPresent();
        }
      }
      long ticks = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - since) + 1;
      assertThat(snapshots.get() - before)
          .as("snapshots while 20 pages came in %s s at most", ticks)
          .isLessThanOrEqualTo((int) ticks);
      assertThat(data(one.lines()).limit(2).map(Integer::parseInt).toList())
          .as("what the ticker alone has made")
          .containsExactly(2, 3);
    }
  }

  @Test
  void aSnapshotThatThrowsDoesNotEndThePages() throws Exception {
    Supplier<String> snapshot =
        () -> {
          int n = snapshots.incrementAndGet();
          if (n == 2) {
            throw new IllegalStateException("the cluster has no answer");
          }
          if (n == 3) {
            throw new NoClassDefFoundError("worse");
          }
          return Integer.toString(n);
        };
    var unused = start(snapshot);
    try (BufferedReader page = lines()) {
      assertThat(page.readLine()).isEqualTo("data: 1");
      assertThat(page.readLine()).isEmpty();
      assertThat(page.readLine()).isEqualTo("data: 4");
    }
  }

  @Test
  void afterItsEndAPageIsToldToAskAgain() throws Exception {
    Dashboard started = start(() -> "x");
    try (BufferedReader page = lines()) {
      assertThat(page.readLine()).isEqualTo("data: x");
      started.close();
      assertThat(page.lines().toList()).as("ends").allMatch(line -> line.matches("|data: x"));
    }
    HttpResponse<String> late = client.send(request(), BodyHandlers.ofString());
    assertThat(late.statusCode()).isEqualTo(503);
    assertThat(late.headers().firstValue("Retry-After")).hasValue("1");
  }

  private static Stream<String> data(Stream<String> lines) {
    return lines.filter(line -> line.startsWith("data: ")).map(line -> line.substring(6));
  }

  private BufferedReader lines() throws Exception {
    var response = client.send(request(), BodyHandlers.ofInputStream());
    return new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
  }

  private HttpRequest request() {
    return HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + connector.getLocalPort() + "/dashboard/events"))
        .build();
  }
}
