/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** Caches in files that processes share, which are killed. */
final class SharedFilesProcessTest {
  private static final int MEMBERS = 3;

  @TempDir Path directory;

  /** What happens to a cluster in a round. */
  private enum End {
    ONE_IS_KILLED_THEN_ALL,
    ALL_ARE_KILLED,
    ONE_IS_REPLACED_THEN_ALL_ARE_KILLED,
    ALL_LEAVE,
    ALL_LEAVE_AT_ONCE
  }

  /**
   * Kills first one member in the middle of all members' writes, then all. Whoever comes back finds
   * each write that was confirmed; only of the writes that were under way nobody knows.
   */
  @Test
  void killedMembersLoseNoAcknowledgedWriteAndBringNothingBack() throws IOException {
    live(1, Mode.DISTRIBUTED);
  }

  /** The same again and again, with all other ends that a cluster may have. */
  @Test
  @Tag("long")
  @Timeout(value = 60, unit = TimeUnit.MINUTES)
  void howeverTheyEndTheyLoseNothing() throws IOException {
    live(
        Integer.getInteger("memogrid.test.rounds", 20),
        Mode.valueOf(System.getProperty("memogrid.test.mode", "DISTRIBUTED")));
  }

  private void live(int rounds, Mode mode) throws IOException {
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println("kills at random moments: -Dmemogrid.test.seed=" + seed);
    Random random = new Random(seed);
    SharedWrites writes = new SharedWrites(directory, mode);
    try (ProcessCluster cluster =
        ProcessCluster.of(MEMBERS, builder -> builder.partitions(Partitions.CONSISTENT))) {
      for (int round = 1; round <= rounds; round++) {
        End end = End.values()[round == 1 ? 0 : random.nextInt(End.values().length)];
        String as = "round " + round + ", " + end + ", seed " + seed;
        writes.start(cluster.nodes());
        List<NodeProcess> next = new ArrayList<>(); // they boot while the others write
        for (int i = 0; i < MEMBERS; i++) {
          next.add(cluster.spare());
        }
        writes.putMortal(cluster.node(0), "m" + round, Duration.ofSeconds(5 + random.nextInt(60)));
        int first = writes.lastOf(0) + 30 + random.nextInt(100);
        Await.until("writes", () -> writes.lastOf(0) >= first);
        end(cluster, end, writes, random);
        move(writes.files().resolve("killed"), random);
        next.forEach(cluster::join);
        writes.assertAllThere(cluster.node(random.nextInt(MEMBERS)), MEMBERS, as);
      }
    }
  }

  private static void end(ProcessCluster cluster, End end, SharedWrites writes, Random random)
      throws IOException {
    switch (end) {
      case ONE_IS_KILLED_THEN_ALL -> {
        cluster.kill(cluster.node(random.nextInt(MEMBERS)));
        awaitWrites(writes, MEMBERS - 1);
        killAll(cluster, writes, random);
      }
      case ALL_ARE_KILLED -> killAll(cluster, writes, random);
      case ONE_IS_REPLACED_THEN_ALL_ARE_KILLED -> {
        int victim = random.nextInt(MEMBERS);
        cluster.kill(cluster.node(victim));
        cluster.awaitMembers();
        writes.start(cluster.join(), victim);
        awaitWrites(writes, MEMBERS);
        killAll(cluster, writes, random);
      }
      case ALL_LEAVE -> {
        writes.end();
        cluster.nodes().forEach(cluster::leave);
      }
      case ALL_LEAVE_AT_ONCE -> {
        writes.end();
        CompletableFuture.allOf(
                cluster.nodes().stream()
                    .map(node -> CompletableFuture.runAsync(node::leave))
                    .toArray(CompletableFuture[]::new))
            .join();
        cluster.nodes().forEach(cluster::kill);
      }
    }
  }

  private static void awaitWrites(SharedWrites writes, int writers) {
    int[] now = IntStream.range(0, MEMBERS).map(writes::lastOf).toArray();
    Await.until(
        "writes of those that are left",
        () ->
            IntStream.range(0, MEMBERS).filter(i -> writes.lastOf(i) > now[i] + 20).count()
                == writers);
  }

  private static void killAll(ProcessCluster cluster, SharedWrites writes, Random random) {
    LockSupport.parkNanos(random.nextInt(5_000_000));
    assertThat(writes.ended()).isLessThan(2);
    cluster.nodes().forEach(cluster::kill);
  }

  /** Members come back in any order: each to files that may have been another's. */
  private static void move(Path cache, Random random) throws IOException {
    List<Path> folders;
    try (Stream<Path> all = Files.list(cache)) {
      folders = all.sorted().toList();
    }
    List<Path> others = new ArrayList<>(folders);
    Collections.shuffle(others, random);
    for (Path folder : folders) {
      Files.move(folder, folder.resolveSibling("moved-" + folder.getFileName()));
    }
    for (int i = 0; i < folders.size(); i++) {
      Files.move(
          folders.get(i).resolveSibling("moved-" + folders.get(i).getFileName()), others.get(i));
    }
  }
}
