/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Transactions;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;

/**
 * Three hosts of a CONSISTENT cluster, each of which moves money between two caches all the while.
 * The third is cut off: the others go on, though it had locks there.
 */
@Execution(ExecutionMode.CONCURRENT) // they wait for failure detectors
class TransactionCutTest {
  private static final int ACCOUNTS = 8;
  private static final int BALANCE = 100;

  @Test
  void whoIsCutOffMovesNothingAndHoldsUpNobody() {
    try (Hosts hosts = new Hosts(Partitions.CONSISTENT)) {
      hosts.node(1).run(TransactionCutTest::fill);
      List<AtomicInteger> moves = new ArrayList<>();
      List<CompletableFuture<String>> moving = new ArrayList<>();
      for (int host = 1; host <= Hosts.COUNT; host++) {
        AtomicInteger count = new AtomicInteger();
        moves.add(count);
        hosts.node(host).onEvent("moved", event -> count.incrementAndGet());
        int mover = host;
        moving.add(hosts.node(host).callAsync(node -> move(node, mover)));
      }
      awaitMore(moves, List.of(1, 2, 3));
      hosts.lab().cut(3);
      hosts.awaitMembers(1, 2);
      hosts.awaitMembers(2, 2);
      hosts.awaitMembers(3, 1);
      awaitMore(moves, List.of(1, 2));
      int alone = moves.get(2).get();
      awaitMore(moves, List.of(1, 2));
      assertThat(moves.get(2)).as("moves of who is cut off").hasValueLessThanOrEqualTo(alone + 1);
      for (int host = 1; host <= Hosts.COUNT; host++) {
        hosts.node(host).run(node -> over(node).countDown());
      }
      for (CompletableFuture<String> each : moving) {
        assertThat(each).succeedsWithin(NodeProcess.PATIENCE);
      }
    }
  }

  private static void awaitMore(List<AtomicInteger> moves, List<Integer> hosts) {
    for (int host : hosts) {
      AtomicInteger count = moves.get(host - 1);
      int before = count.get();
      Await.until("moves of host " + host, () -> count.get() > before + 3);
    }
  }

  private static CountDownLatch over(NodeContext node) {
    return node.kept("over", () -> new CountDownLatch(1));
  }

  private static Cache<String, Integer> open(
      Cluster cluster, Mode mode, Locking locking, String what) {
    return cluster.cache(
        "cut-" + mode + locking + what, CacheOptions.of(mode).transactional(locking));
  }

  private static void fill(NodeContext node) {
    for (Mode mode : Hosts.MODES) {
      for (Locking locking : Locking.values()) {
        for (int a = 0; a < ACCOUNTS; a++) {
          open(node.cluster(), mode, locking, "left").put("a" + a, BALANCE);
          open(node.cluster(), mode, locking, "right").put("a" + a, BALANCE);
        }
      }
    }
  }

  /** Moves until it is told to stop. */
  private static String move(NodeContext node, int host) {
    CountDownLatch over = over(node);
    Random random = new Random(host);
    while (over.getCount() > 0) {
      try {
        for (Mode mode : Hosts.MODES) {
          for (Locking locking : Locking.values()) {
            move(node.cluster(), mode, locking, random);
          }
        }
        node.emit("moved", "");
      } catch (CacheException refused) {
        // Nothing of it is there; or all of it, if it was under way at the cut.
      }
      LockSupport.parkNanos(50_000_000);
    }
    return "over";
  }

  private static void move(Cluster cluster, Mode mode, Locking locking, Random random) {
    String from = "a" + random.nextInt(ACCOUNTS);
    String to = "a" + random.nextInt(ACCOUNTS);
    Cache<String, Integer> left = open(cluster, mode, locking, "left");
    Cache<String, Integer> right = open(cluster, mode, locking, "right");
    Transactions.call(
        cluster,
        20,
        () -> {
          left.update(from, old -> old - 1);
          right.update(to, old -> old + 1);
          return "moved";
        });
  }
}
