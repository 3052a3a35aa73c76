/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/**
 * What the original cluster demo shows, with three real JVMs at ten times its pace. The log lines
 * are the evidence. The methods share the nodes; the one that kills comes last.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ThreeNodesTest {
  private static final List<DemoProcess> nodes = new ArrayList<>();
  private static final HttpClient client = HttpClient.newHttpClient();
  private static FreePorts ports;

  @BeforeAll
  static void start() throws IOException {
    ports = FreePorts.take();
    // One alone first: of several that start at once each may send 1 before it knows of the others.
    nodes.add(node(0).awaitMembers(1));
    nodes.add(node(1));
    nodes.add(node(2));
    nodes.forEach(node -> node.awaitMembers(3));
  }

  private static DemoProcess node(int number) throws IOException {
    return DemoProcess.start(
        List.of("-Dmemogrid.demo.pace=10"),
        ports.base() + 50 + number,
        "--node-name",
        "node-" + number,
        "--cluster-name",
        "three-nodes-" + ports.base(),
        "--cluster-port",
        Integer.toString(ports.base()));
  }

  @AfterAll
  static void stop() {
    nodes.forEach(DemoProcess::close);
    ports.close();
  }

  @Test
  @Order(1)
  void oneNodeSendsEachNumberOnceAndAllReceiveInTurn() {
    Await.until(
        "each node has received three numbers",
        () -> nodes.stream().allMatch(node -> numbers(node, "recv").size() >= 3));
    assertThat(nodes.stream().filter(node -> !numbers(node, "send").isEmpty())).hasSize(1);
    List<Integer> sent = numbersOfAll("send");
    assertThat(sent).isEqualTo(IntStream.rangeClosed(1, sent.size()).boxed().toList());
    List<Integer> received = numbersOfAll("recv");
    assertThat(received).doesNotHaveDuplicates();
    assertThat(nodes.get(0).log())
        .anyMatch(line -> line.matches(".*recv \\d+, \\{messages=\\d+, jobs=\\d+}"));
  }

  @Test
  @Order(2)
  void theJobFiresEachInstantOnOneNode() {
    Await.until("four firings", () -> numbersOfAll("job").size() >= 4);
    List<Integer> fired = numbersOfAll("job");
    assertThat(fired).isEqualTo(IntStream.rangeClosed(1, fired.size()).boxed().toList());
  }

  @Test
  @Order(3)
  void eachCounterIsOnTwoOfTheThree() throws Exception {
    for (int i = 0; i < 3; i++) {
      String event = events(i, "\"name\":\"messages\"");
      for (String key : List.of("messages", "jobs")) {
        var owners = Pattern.compile("\\{[^{}]*\"name\":\"" + key + "\"[^{}]*}").matcher(event);
        assertThat(owners.find()).as(event).isTrue();
        assertThat(owners.group().split("node-", -1)).as(owners.group()).hasSize(3);
      }
    }
  }

  @Test
  @Order(4)
  void aTextIsReversedByStepsOnSeveralNodes() {
    Set<String> ran = new HashSet<>();
    Await.until(
        "steps on all nodes",
        () -> {
          HttpResponse<String> answer = get(1, "/reverse?text=ham");
          assertThat(answer.body()).isEqualTo("mah\n");
          for (String step : List.of("seq", "reverse", "apply-str")) {
            ran.add(answer.headers().firstValue("Step-" + step).orElseThrow());
          }
          return ran.size() == 3;
        });
  }

  @Test
  @Order(4)
  void theNodeThatServesAVisitorLogsHisCount() {
    assertThat(get(2, "/count").body()).isEqualTo("You accessed this page 1 times\n");
    Await.until(
        "the line", () -> nodes.get(2).log().stream().anyMatch(line -> line.endsWith(" count=1")));
    assertThat(nodes.subList(0, 2))
        .allSatisfy(node -> assertThat(node.log()).noneMatch(line -> line.contains("count=")));
  }

  @Test
  @Order(5)
  void whenTheSenderIsKilledTheNextNumberIsSentElsewhere() throws Exception {
    DemoProcess sender =
        nodes.stream().filter(node -> !numbers(node, "send").isEmpty()).findFirst().orElseThrow();
    sender.kill();
    List<DemoProcess> others = nodes.stream().filter(node -> node != sender).toList();
    Await.until(
        "four numbers from another",
        () -> others.stream().anyMatch(node -> numbers(node, "send").size() >= 4));
    int last = Collections.max(numbers(sender, "send"));
    List<Integer> then =
        others.stream().flatMap(node -> numbers(node, "send").stream()).sorted().toList();
    // It may have died between the log line and the count: then that number comes once more.
    assertThat(then.get(0)).isBetween(last, last + 1);
    assertThat(then)
        .isEqualTo(IntStream.range(then.get(0), then.get(0) + then.size()).boxed().toList());
    assertThat(others.stream().filter(node -> !numbers(node, "send").isEmpty())).hasSize(1);
    Await.until(
        "all that was sent since is received by the others",
        () -> {
          Set<Integer> received =
              others.stream()
                  .flatMap(node -> numbers(node, "recv").stream())
                  .collect(Collectors.toSet());
          return received.containsAll(then.subList(1, then.size()));
        });
    int fired = numbersOfAll("job").size();
    Await.until("the job goes on", () -> numbersOfAll("job").size() >= fired + 2);
    assertThat(new HashSet<>(numbersOfAll("job")))
        .isEqualTo(
            IntStream.rangeClosed(1, Collections.max(numbersOfAll("job")))
                .boxed()
                .collect(Collectors.toSet()));
  }

  private static List<Integer> numbersOfAll(String what) {
    return nodes.stream().flatMap(node -> numbers(node, what).stream()).sorted().toList();
  }

  /** The numbers of a node's log lines such as {@code recv 8, ...}. */
  private static List<Integer> numbers(DemoProcess node, String what) {
    Pattern line = Pattern.compile(" " + what + " (\\d+)");
    return node.log().stream()
        .map(line::matcher)
        .filter(java.util.regex.Matcher::find)
        .map(found -> Integer.parseInt(found.group(1)))
        .toList();
  }

  /** The first of a node's events that has that text. */
  private static String events(int node, String text) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(uri(node, "/dashboard/events")).build();
    try (var lines = client.send(request, BodyHandlers.ofLines()).body()) {
      return lines.filter(line -> line.contains(text)).findFirst().orElseThrow();
    }
  }

  private static HttpResponse<String> get(int node, String path) {
    try {
      return client
          .sendAsync(HttpRequest.newBuilder(uri(node, path)).build(), BodyHandlers.ofString())
          .get(Await.LONG.toSeconds(), TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static URI uri(int node, String path) {
    return URI.create("http://127.0.0.1:" + (ports.base() + 50 + node) + path);
  }
}
