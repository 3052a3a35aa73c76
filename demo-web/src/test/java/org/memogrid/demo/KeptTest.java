/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/** {@code --data}: the counters outlive all nodes. */
class KeptTest {
  @TempDir Path directory;

  @Test
  void theLargerNumberStands() {
    try (Cluster cluster = Cluster.local()) {
      Cache<String, Integer> counters = cluster.cache("counters", Mode.DISTRIBUTED);
      Kept before = new Kept(cluster, directory);
      counters.put("messages", 7);
      counters.put("jobs", 2);
      Await.until("both on disk", () -> onDisk(cluster).equals("{jobs=2, messages=7}"));
      before.close();
      counters.put("messages", 9);
      counters.put("jobs", 1);
      Kept after = new Kept(cluster, directory);
      assertThat(counters.get("messages")).as("what it missed").isEqualTo(9);
      assertThat(counters.get("jobs")).as("what the others forgot").isEqualTo(2);
      after.close();
    }
  }

  /** 1. The daemon reads 1. 2. A node that knows of 9 starts. 3. The daemon writes 2. */
  @Test
  void aNumberThatWasWrittenOverByASmallerOneComesBack() {
    try (Cluster cluster = Cluster.local()) {
      Cache<String, Integer> counters = cluster.cache("counters", Mode.DISTRIBUTED);
      Kept kept = new Kept(cluster, directory);
      counters.put("messages", 9);
      Await.until("it is on disk", () -> onDisk(cluster).equals("{messages=9}"));
      counters.put("messages", 2);
      Await.until("the larger one", () -> Integer.valueOf(9).equals(counters.get("messages")));
      counters.put("messages", 10);
      Await.until("the next one", () -> onDisk(cluster).equals("{messages=10}"));
      assertThat(counters.get("messages")).isEqualTo(10);
      kept.close();
    }
  }

  private String onDisk(Cluster cluster) {
    return new java.util.TreeMap<>(cluster.cache("counters-of-" + cluster.self().name()).asMap())
        .toString();
  }

  @Test
  void theCountersGoOnAfterAllNodesWereKilled() throws Exception {
    try (FreePorts ports = FreePorts.take()) {
      final int reached;
      try (DemoProcess a = node(ports, 0);
          DemoProcess b = node(ports, 1)) {
        a.awaitMembers(2);
        b.awaitMembers(2);
        Await.until("some are counted", () -> messages(a) >= 5 && messages(b) >= 5);
        reached = Math.min(messages(a), messages(b));
        // What b was told of it is on its disk before it is told of the next.
        Await.until("two more", () -> messages(b) >= reached + 2);
        a.kill();
        b.kill();
      }
      try (DemoProcess b = node(ports, 1)) {
        Await.until("it serves", () -> messages(b) > 0);
        assertThat(messages(b)).isGreaterThanOrEqualTo(reached);
        Await.until("it counts on", () -> b.log().stream().anyMatch(KeptTest::isSent));
        String first = b.log().stream().filter(KeptTest::isSent).findFirst().orElseThrow();
        assertThat(Integer.parseInt(first.replaceAll(".* send ", "")))
            .isGreaterThanOrEqualTo(reached);
      }
    }
  }

  @Test
  void aDirectoryThatCantBeMadeEndsTheNode() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "not a directory");
    try (FreePorts ports = FreePorts.take();
        DemoProcess node =
            DemoProcess.start(
                0, "--cluster-port", Integer.toString(ports.base()), "--data", file.toString())) {
      assertThat(node.awaitExit()).isEqualTo(1);
      assertThat(node.log())
          .anyMatch(line -> line.startsWith("demo: cache 'counters-of-") && line.contains("file"));
    }
  }

  private DemoProcess node(FreePorts ports, int number) throws Exception {
    return DemoProcess.start(
        List.of("-Dmemogrid.demo.pace=10"),
        ports.base() + 50 + number,
        "--cluster-name",
        "kept-" + ports.base(),
        "--cluster-port",
        Integer.toString(ports.base()),
        "--data",
        directory.toString(),
        "--node-name",
        "node-" + number);
  }

  private static boolean isSent(String line) {
    return line.matches(".* send \\d+");
  }

  private static int messages(DemoProcess node) throws Exception {
    String body = node.get("/").get(10, TimeUnit.SECONDS).body();
    Matcher number = Pattern.compile("messages=(\\d+)").matcher(body);
    assertThat(number.find()).as(body).isTrue();
    return Integer.parseInt(number.group(1));
  }
}
