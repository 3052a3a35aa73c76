/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.TransactionConflictException;
import org.memogrid.cache.Transactions;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;

/** Three hosts of a CONSISTENT cluster, of which one is cut off in the middle of a transaction. */
@Execution(ExecutionMode.CONCURRENT) // it waits for failure detectors
class TransactionCutTest {
  private static final int KEYS = 12;
  private static final int BEFORE = 1;
  private static final int BY_THE_CUT_OFF = 2;
  private static final int MEANWHILE = 3;

  /** The engine by itself keeps the locks for a minute at least. */
  private static final Duration FREE = Duration.ofSeconds(40);

  @Test
  void whoIsCutOffCommitsNothingAndHoldsUpNobody() {
    try (Hosts hosts = new Hosts(Partitions.CONSISTENT)) {
      NodeProcess cutOff = hosts.node(3);
      hosts.node(1).run(node -> write(node, BEFORE, Locking.values()));
      CompletableFuture<Void> locked = new CompletableFuture<>();
      cutOff.onEvent("locked", event -> locked.complete(null));
      CompletableFuture<String> committing = cutOff.callAsync(TransactionCutTest::lockAndCommit);
      assertThat(locked).succeedsWithin(NodeProcess.PATIENCE);
      hosts.lab().cut(3);
      hosts.awaitMembers(1, 2);
      hosts.awaitMembers(2, 2);
      hosts.awaitMembers(3, 1);
      Await.untilAsserted(
          "writes of what was locked",
          FREE,
          () -> hosts.node(1).run(node -> write(node, MEANWHILE, Locking.values())));
      assertThat(cutOff.call(TransactionCutTest::refusals).intValue())
          .as("transactions that are begun there and refused")
          .isEqualTo(Hosts.MODES.size() * Locking.values().length);
      cutOff.run(node -> goOn(node).countDown());
      assertThat(committing).succeedsWithin(NodeProcess.PATIENCE).isEqualTo("refused");
      for (int host : List.of(1, 2)) {
        assertThat(hosts.node(host).call(TransactionCutTest::read).intValue())
            .as("on host %s", host)
            .isEqualTo(MEANWHILE * KEYS * Hosts.MODES.size() * Locking.values().length);
      }
    }
  }

  private static Cache<Integer, Integer> open(NodeContext node, Mode mode, Locking locking) {
    return node.cluster()
        .cache("cut-" + mode + locking, CacheOptions.of(mode).transactional(locking));
  }

  private static int refusals(NodeContext node) {
    int refused = 0;
    for (Mode mode : Hosts.MODES) {
      for (Locking locking : Locking.values()) {
        try {
          Transactions.run(node.cluster(), () -> open(node, mode, locking).put(-1, 0));
        } catch (CacheException e) {
          refused++;
        }
      }
    }
    return refused;
  }

  /** All keys, so that each member orders some of them. */
  private static void write(NodeContext node, int value, Locking... lockings) {
    for (Mode mode : Hosts.MODES) {
      for (Locking locking : lockings) {
        for (int key = 0; key < KEYS; key++) {
          open(node, mode, locking).put(key, value);
        }
      }
    }
  }

  private static int read(NodeContext node) {
    int sum = 0;
    for (Mode mode : Hosts.MODES) {
      for (Locking locking : Locking.values()) {
        for (int value : open(node, mode, locking).asMap().values()) {
          sum += value;
        }
      }
    }
    return sum;
  }

  private static CountDownLatch goOn(NodeContext node) {
    return node.kept("go on", () -> new CountDownLatch(1));
  }

  /** Of pessimistic caches alone, which have no prepare that could fail first. */
  private static String lockAndCommit(NodeContext node) throws Exception {
    try {
      Transactions.run(
          node.cluster(),
          () -> {
            write(node, BY_THE_CUT_OFF, Locking.PESSIMISTIC);
            node.emit("locked", "");
            if (!goOn(node).await(3, TimeUnit.MINUTES)) {
              throw new AssertionError("nobody says to go on");
            }
          });
      return "committed";
    } catch (CacheException | TransactionConflictException refused) {
      return "refused";
    }
  }
}
