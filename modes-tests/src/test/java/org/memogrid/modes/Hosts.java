/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Partitions;
import org.memogrid.cluster.TestTiming;
import org.memogrid.internal.engine.Timing;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NetLab;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.RemoteCache;
import org.memogrid.testkit.Settled;

/** The hosts 1 to 3 of a lab, each with a member that has a cache of each shared mode. */
final class Hosts implements AutoCloseable {
  static final int COUNT = 3;
  static final List<Mode> MODES = List.of(Mode.REPLICATED, Mode.DISTRIBUTED);
  static final List<String> KEYS = IntStream.range(0, 20).mapToObj(key -> "k" + key).toList();

  private final NetLab lab = NetLab.of(COUNT);
  private final List<NodeProcess> nodes = new ArrayList<>();
  private final Map<String, Cache<String, String>> caches = new HashMap<>();

  Hosts(Partitions partitions) {
    try {
      for (int host = 1; host <= COUNT; host++) {
        nodes.add(NodeProcess.start("cut" + host, lab.inside(host), List.of()));
      }
      for (int joiner = 1; joiner <= COUNT; joiner++) {
        int host = joiner;
        // On a slow machine those before may have lost sight of each other, and refuse for a
        // moment.
        Await.untilAsserted("host " + host + " to join", () -> join(host, partitions));
      }
      // Not by the coordinator, which must all the same know how they behave in a split.
      for (int host = COUNT; host >= 1; host--) {
        for (Mode mode : MODES) {
          caches.put(host + name(mode), open(host, mode));
        }
      }
      awaitWhole();
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  private void join(int host, Partitions partitions) {
    String address = lab.address(host);
    String seed = lab.address(1) + ":7800";
    node(host)
        .run(
            there ->
                there.join(
                    TestTiming.timing(
                        Cluster.builder()
                            .name("cut")
                            .nodeName("host" + host)
                            .bind(address)
                            .seeds(seed, address + ":7800")
                            .partitions(partitions),
                        Timing.DEFAULT
                            .withJoin(Duration.ofMillis(500))
                            .withSilence(Duration.ofSeconds(5), Duration.ofSeconds(1))
                            .withMerge(Duration.ofMillis(500), Duration.ofSeconds(2)))));
  }

  private Cache<String, String> open(int host, Mode mode) {
    String name = name(mode);
    return RemoteCache.open(node(host), cluster -> cluster.cache(name, mode));
  }

  NetLab lab() {
    return lab;
  }

  NodeProcess node(int host) {
    return nodes.get(host - 1);
  }

  Cache<String, String> cache(int host, Mode mode) {
    return Objects.requireNonNull(caches.get(host + name(mode)));
  }

  /** Writes every key in all modes through a host. */
  void write(int host, String value) {
    for (Mode mode : MODES) {
      KEYS.forEach(key -> cache(host, mode).put(key, value));
    }
  }

  void requireRead(List<Integer> hosts, String value) {
    for (Mode mode : MODES) {
      for (int host : hosts) {
        assertThat(read(host, mode)).as("%s on host %s", mode, host).containsOnly(value);
      }
    }
  }

  /** What a host reads, key by key. */
  List<String> read(int host, Mode mode) {
    Map<String, String> all = cache(host, mode).getAll(KEYS);
    return KEYS.stream().map(key -> String.valueOf(all.get(key))).toList();
  }

  void awaitMembers(int host, int members) {
    Await.until(
        members + " members in the view of host " + host,
        () -> node(host).call(there -> there.cluster().membership().members().size()) == members);
  }

  /** Host 3 alone, the others together. */
  void awaitSplit() {
    awaitSettled(1, 2);
    awaitSettled(2, 2);
    awaitSettled(3, 1);
  }

  void awaitWhole() {
    for (int host = 1; host <= COUNT; host++) {
      awaitSettled(host, COUNT);
    }
  }

  private void awaitSettled(int host, int members) {
    awaitMembers(host, members);
    for (Mode mode : MODES) {
      String name = name(mode);
      Await.until(
          mode + " to be settled among " + members + " on host " + host,
          () -> node(host).call(there -> Settled.among(there.cluster().cache(name), members)));
    }
  }

  private static String name(Mode mode) {
    return "cut-" + mode;
  }

  @Override
  public void close() {
    try {
      nodes.forEach(NodeProcess::close);
    } finally {
      lab.close();
    }
  }
}
