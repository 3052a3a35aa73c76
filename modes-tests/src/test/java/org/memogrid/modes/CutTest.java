/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;

/**
 * Three hosts of which the third is cut off, or stands still, and comes back. A client of the third
 * writes all the while, each time under a new key: where the cluster is CONSISTENT, what it was
 * told is written must be there when all see each other again. Memos are {@linkplain HostMemos
 * called} all the while.
 */
@Execution(ExecutionMode.CONCURRENT) // they wait for failure detectors
class CutTest {
  @TempDir Path directory;

  @Test
  void bothSidesOfAnAvailableClusterGoOnAndConverge() {
    try (Hosts hosts = new Hosts(Partitions.AVAILABLE)) {
      hosts.write(1, "before");
      HostMemos memos = new HostMemos(hosts, directory.resolve("versions"));
      memos.away();
      hosts.lab().cut(3);
      hosts.awaitSplit();
      hosts.write(1, "majority");
      hosts.write(3, "minority");
      hosts.requireRead(List.of(1, 2), "majority");
      hosts.requireRead(List.of(3), "minority");
      memos.awaitCalls(1);
      memos.awaitCalls(3);
      hosts.lab().heal(3);
      hosts.awaitWhole();
      memos.back();
      Await.untilAsserted("one value per key", () -> requireConverged(hosts));

      hosts.write(2, "before the pause");
      memos.away();
      hosts.node(3).pause();
      hosts.awaitMembers(1, 2);
      hosts.awaitMembers(2, 2);
      hosts.write(1, "meanwhile");
      hosts.requireRead(List.of(1, 2), "meanwhile");
      hosts.node(3).resume();
      hosts.awaitWhole();
      Await.untilAsserted(
          "what was written meanwhile", () -> hosts.requireRead(List.of(1, 2, 3), "meanwhile"));
      memos.back();
      memos.judge();
    }
  }

  @Test
  void theMinorityOfAConsistentClusterRefusesAndNoAcknowledgedWriteIsLost() {
    try (Hosts hosts = new Hosts(Partitions.CONSISTENT)) {
      hosts.write(1, "before");
      Client client = new Client(hosts, 3);
      client.awaitMore();
      HostMemos memos = new HostMemos(hosts, directory.resolve("versions"));
      memos.away();
      hosts.lab().cut(3);
      hosts.awaitMembers(1, 2);
      hosts.awaitMembers(2, 2);
      hosts.awaitMembers(3, 1);
      for (Mode mode : Hosts.MODES) {
        Cache<String, String> cache = hosts.cache(3, mode);
        Await.untilAsserted("the minority to refuse, " + mode, () -> requireRefusal(cache));
      }
      Await.untilAsserted("the majority to write", () -> hosts.write(1, "majority"));
      hosts.requireRead(List.of(1, 2), "majority");
      Hosts.MODES.forEach(mode -> requireRefusal(hosts.cache(3, mode)));
      memos.awaitCalls(1);
      hosts.lab().heal(3);
      hosts.awaitWhole();
      memos.back();
      hosts.requireRead(List.of(1, 2, 3), "majority");
      client.awaitMore();

      memos.away();
      hosts.node(3).pause();
      hosts.awaitMembers(1, 2);
      hosts.awaitMembers(2, 2);
      Await.untilAsserted("the majority to write", () -> hosts.write(2, "meanwhile"));
      hosts.node(3).resume();
      hosts.awaitWhole();
      hosts.requireRead(List.of(1, 2, 3), "meanwhile");
      client.awaitMore();
      memos.back();
      memos.judge();
      Map<String, String> acknowledged = client.end();
      assertThat(acknowledged).hasSizeGreaterThan(10);
      for (Mode mode : Hosts.MODES) {
        for (int host = 1; host <= Hosts.COUNT; host++) {
          assertThat(hosts.cache(host, mode).getAll(acknowledged.keySet()))
              .as("what host 3 was told is written: %s on host %s", mode, host)
              .isEqualTo(acknowledged);
        }
      }
    }
  }

  private static void requireRefusal(Cache<String, String> cache) {
    for (String key : Hosts.KEYS) {
      assertThatThrownBy(() -> cache.put(key, "minority"))
          .as("put %s in %s", key, cache.name())
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("the cluster is split")
          .hasMessageContaining("try again");
      assertThatThrownBy(() -> cache.get(key))
          .as("get %s in %s", key, cache.name())
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("the cluster is split")
          .hasMessageContaining("try again");
    }
  }

  private static void requireConverged(Hosts hosts) {
    for (Mode mode : Hosts.MODES) {
      List<String> first = hosts.read(1, mode);
      assertThat(hosts.read(2, mode)).as("%s on host 2", mode).isEqualTo(first);
      assertThat(hosts.read(3, mode)).as("%s on host 3", mode).isEqualTo(first);
      assertThat(first).as("%s", mode).containsOnly("majority");
    }
  }

  /** Writes through one host, each time under a new key, in all modes, until it is told to end. */
  private static final class Client {
    private final ConcurrentMap<String, String> acknowledged = new ConcurrentHashMap<>();
    private final Thread thread;
    private volatile boolean over;

    Client(Hosts hosts, int host) {
      thread = new Thread(() -> work(hosts, host), "client of host " + host);
      thread.setDaemon(true);
      thread.start();
    }

    private void work(Hosts hosts, int host) {
      for (int i = 0; !over; i++) {
        String key = "client-" + i;
        try {
          Hosts.MODES.forEach(mode -> hosts.cache(host, mode).put(key, "value of " + key));
          acknowledged.put(key, "value of " + key);
        } catch (CacheException refused) {
          // Not acknowledged; it may be there or not.
        }
        LockSupport.parkNanos(20_000_000);
      }
    }

    void awaitMore() {
      int now = acknowledged.size();
      Await.until("acknowledged writes", () -> acknowledged.size() > now + 5);
    }

    Map<String, String> end() {
      over = true;
      Await.until("the client's end", () -> !thread.isAlive());
      return Map.copyOf(acknowledged);
    }
  }
}
