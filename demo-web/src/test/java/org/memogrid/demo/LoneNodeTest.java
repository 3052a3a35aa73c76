/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.memogrid.demo.DemoProcess.Answer;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/** One real node: what it says while it joins, and what it does with many pages open. */
class LoneNodeTest {
  private static final int PAGES = 200;
  private static final Duration WATCH = Duration.ofSeconds(10);

  /** What it answered to {@code /health} from its first answer to its first 200. */
  private static final List<Answer> answers = new ArrayList<>();

  private static FreePorts ports;
  private static DemoProcess node;

  @BeforeAll
  static void start() throws IOException {
    ports = FreePorts.take();
    node =
        DemoProcess.start(
            List.of("-Dmemogrid.demo.pace=20"), // four numbers a second
            ports.base() + 50,
            "--cluster-name",
            "lone-" + ports.base(),
            "--cluster-port",
            Integer.toString(ports.base()));
    Await.until(
        "a green light",
        Duration.ofMinutes(2),
        () -> {
          try {
            Answer answer = node.get("/health").join();
            answers.add(answer);
            return answer.status() == 200;
          } catch (CompletionException notYet) {
            return false;
          }
        });
  }

  @AfterAll
  static void stop() {
    node.close();
    ports.close();
  }

  /** A node that is alone waits for others for some seconds: a balancer hears of it meanwhile. */
  @Test
  void itsHealthSaysThatItJoinsBeforeItsDiscoveryEnds() {
    assertThat(answers).hasSizeGreaterThan(1);
    assertThat(answers.subList(0, answers.size() - 1))
        .allSatisfy(
            answer -> {
              assertThat(answer.status()).isEqualTo(503);
              assertThat(answer.body()).isEqualTo("joining\n");
            });
  }

  @Test
  void twoHundredOpenPagesDoNotSlowTheDemoItself() {
    Await.until("it sends", () -> sent() >= 4);
    long alone = sentIn(WATCH);
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + (ports.base() + 50) + "/dashboard/events"))
            .build();
    List<AtomicInteger> pages = new ArrayList<>();
    for (int i = 0; i < PAGES; i++) {
      AtomicInteger events = new AtomicInteger();
      pages.add(events);
      var unused =
          client.sendAsync(
              request,
              BodyHandlers.ofByteArrayConsumer(
                  part ->
                      part.filter(
                              bytes -> new String(bytes, StandardCharsets.UTF_8).contains("data:"))
                          .ifPresent(event -> events.incrementAndGet())));
    }
    Await.until(
        "each page has an event", () -> pages.stream().allMatch(events -> events.get() > 0));
    pages.forEach(events -> events.set(0));
    long watched = sentIn(WATCH);
    System.out.printf(
        "numbers sent in %s s: %d with no page open, %d with %d%n",
        WATCH.toSeconds(), alone, watched, PAGES);
    // What else runs on the machine slows both; that pages keep the demo from its work does not
    // pass.
    assertThat(watched).isGreaterThanOrEqualTo(alone / 2);
    Await.until("events of each page", () -> pages.stream().allMatch(events -> events.get() >= 5));
  }

  private static long sentIn(Duration time) {
    long before = sent();
    long since = System.nanoTime();
    Await.until("some time", () -> System.nanoTime() - since > time.toNanos());
    return sent() - before;
  }

  private static long sent() {
    return node.log().stream().filter(line -> line.matches(".* send \\d+")).count();
  }
}
