/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Mode;
import org.memogrid.memo.Memo;
import org.memogrid.memo.MemoProbe;
import org.memogrid.modes.MemoHistory.Apart;
import org.memogrid.modes.MemoHistory.Kind;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/**
 * Three members in JVMs of their own, with callers in each, while members are killed, restarted one
 * after another, or stand still for longer than the others wait: no call gets a value that was
 * invalidated before it began, and no call on the others fails.
 *
 * <p>{@code -Dmemogrid.test.seed=N} chooses the victims and what the callers do.
 */
class MemoFreshnessTest {
  private static final int NODES = 3;

  @TempDir Path directory;

  private final long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final ProcessCluster cluster = ProcessCluster.of(0);
  private final List<Apart> apart = new ArrayList<>();
  private final List<String> gone = new CopyOnWriteArrayList<>();
  private final List<String> lateRuns = new CopyOnWriteArrayList<>();
  private MemoLoad load;

  @BeforeEach
  void threeNodesUnderLoad() {
    System.out.println("memos under load: -Dmemogrid.test.seed=" + seed);
    load = new MemoLoad(directory.resolve("versions"));
    List<NodeProcess> spares = new ArrayList<>();
    for (int i = 0; i < NODES; i++) {
      spares.add(cluster.spare());
    }
    spares.forEach(this::join);
    awaitAgreement();
  }

  @AfterEach
  void end() {
    cluster.close();
  }

  @Test
  void noCallGetsWhatWasInvalidatedBeforeWhateverBecomesOfMembers() {
    NodeProcess spare = cluster.spare();
    NodeProcess another = cluster.spare();
    kill(spare);
    restart(cluster.node(0), another);
    standStill();
    judge();
  }

  @Test
  @Tag("long")
  void noCallGetsWhatWasInvalidatedBeforeThroughManyFaults() {
    for (int round = 0; round < 15; round++) {
      kill(cluster.spare());
      for (NodeProcess oldest : cluster.nodes()) {
        restart(oldest, cluster.spare());
      }
      standStill();
      System.out.printf("round %d: %d operations%n", round, load.history.count(o -> true));
    }
    judge();
  }

  // ---- faults

  private void kill(NodeProcess spare) {
    moment();
    NodeProcess victim = cluster.node(random.nextInt(NODES));
    gone.add(victim.name());
    cluster.kill(victim);
    cluster.awaitMembers();
    moment();
    join(spare);
    awaitAgreement();
    moment();
  }

  /** Its callers go on calling until they can't. */
  private void restart(NodeProcess node, NodeProcess spare) {
    gone.add(node.name());
    cluster.leave(node);
    join(spare);
    awaitAgreement();
    moment();
  }

  /**
   * 1. One computes and stands still; 2. the others take it for lost, and one that waited computes
   * in its place; 3. the source changes and the key is invalidated; 4. it goes on, and its run of
   * step 1 ends.
   */
  private void standStill() {
    moment();
    NodeProcess leader = cluster.node(random.nextInt(NODES));
    List<NodeProcess> others = new ArrayList<>(cluster.nodes());
    others.remove(leader);
    NodeProcess waiter = others.get(0);
    lateRuns.clear();
    others.forEach(node -> node.run(there -> gate(there).countDown()));
    List<CompletableFuture<Long>> late = new ArrayList<>();
    List<CompletableFuture<Long>> promoted = new ArrayList<>();
    for (Mode mode : MemoLoad.MODES) {
      late.add(leader.callAsync(there -> late(there, mode).apply("key")));
    }
    Await.until("the runs", () -> lateRuns.size() == MemoLoad.MODES.size());
    for (Mode mode : MemoLoad.MODES) {
      promoted.add(waiter.callAsync(there -> late(there, mode).apply("key")));
    }
    long from = System.nanoTime();
    leader.pause();
    long version;
    try {
      others.forEach(load::slowDown); // until they miss it
      promoted.forEach(call -> Await.until("a run in the place of the leader's", call::isDone));
      others.forEach(load::speedUp);
      assertThat(lateRuns).as("the lost ones, and one more in each mode").hasSize(6);
      version = promoted.get(0).join() + 1;
      String versions = lateVersions();
      for (Mode mode : MemoLoad.MODES) {
        others
            .get(1)
            .run(
                there -> {
                  VersionSource source = VersionSource.at(Path.of(versions), 3);
                  assertThat(source.raise(MemoLoad.MODES.indexOf(mode))).isEqualTo(version);
                  late(there, mode).invalidate("key");
                });
      }
      assertFresh(others, version);
    } finally {
      leader.resume();
    }
    leader.run(there -> gate(there).countDown());
    late.forEach(call -> Await.until("the late results", call::isDone));
    assertFresh(others, version);
    awaitAgreement();
    apart.add(new Apart(leader.name(), from, System.nanoTime()));
    assertFresh(cluster.nodes(), version);
    moment();
    assertFresh(cluster.nodes(), version);
    cluster.nodes().forEach(node -> node.run(there -> there.forget("gate")));
  }

  private void assertFresh(List<NodeProcess> nodes, long version) {
    for (NodeProcess node : nodes) {
      for (Mode mode : MemoLoad.MODES) {
        long value = node.call(there -> late(there, mode).apply("key"));
        assertThat(value).as("%s on %s, seed %d", mode, node, seed).isEqualTo(version);
      }
    }
  }

  // ---- around them

  private void join(NodeProcess node) {
    cluster.join(node);
    node.onEvent("late-runs", mode -> lateRuns.add(String.valueOf(mode)));
    String versions = lateVersions();
    node.run(
        there -> {
          for (Mode mode : MemoLoad.MODES) {
            there.kept(
                "late-" + mode,
                () ->
                    Memo.<String, Long>builder("late-" + mode, key -> read(there, versions, mode))
                        .mode(mode)
                        .build(there.cluster()));
          }
        });
    load.start(node, random.nextLong());
  }

  /** Waits until all members have heard each other as members of each memo. */
  private void awaitAgreement() {
    for (Mode mode : MemoLoad.MODES) {
      Await.until(
          "all to agree on who shares the memos in " + mode,
          () -> {
            Set<String> seen =
                cluster.nodes().stream()
                    .map(n -> n.call(there -> MemoProbe.configuration(late(there, mode))))
                    .collect(Collectors.toSet());
            return seen.size() == 1
                && cluster.nodes().stream()
                    .allMatch(n -> seen.iterator().next().contains(n.name()));
          });
    }
  }

  /** Long enough for some hundred operations. */
  private void moment() {
    long before = load.history.count(o -> true);
    Await.until("calls", () -> load.history.count(o -> true) > before + 500);
  }

  private void judge() {
    cluster.nodes().forEach(load::stop);
    assertThat(load.history.stale(apart)).as("stale, seed %d", seed).isEmpty();
    assertThat(load.failures(apart, gone)).as("failures on the others, seed %d", seed).isEmpty();
    assertThat(load.history.count(o -> o.kind() == Kind.CALL)).isGreaterThan(1_000);
    assertThat(load.history.count(o -> o.kind() == Kind.INVALIDATION)).isGreaterThan(100);
  }

  private String lateVersions() {
    return directory.resolve("late").toAbsolutePath().toString();
  }

  // ---- in the node's JVM

  private static Memo<String, Long> late(NodeContext there, Mode mode) {
    return there.kept("late-" + mode, MemoFreshnessTest::missing);
  }

  private static Memo<String, Long> missing() {
    throw new IllegalStateException("not open here");
  }

  /** Reads the version, and returns it when the gate is open. */
  private static long read(NodeContext there, String versions, Mode mode) {
    long version = VersionSource.at(Path.of(versions), 3).version(MemoLoad.MODES.indexOf(mode));
    there.emit("late-runs", mode.name());
    try {
      if (!gate(there).await(120, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the gate stays shut");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return version;
  }

  private static CountDownLatch gate(NodeContext there) {
    return there.kept("gate", () -> new CountDownLatch(1));
  }
}
