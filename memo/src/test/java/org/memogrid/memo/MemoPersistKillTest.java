/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** Processes that are all killed as soon as an invalidation has returned. */
@Timeout(300)
final class MemoPersistKillTest {
  private static final List<Mode> MODES = List.of(Mode.LOCAL, Mode.DISTRIBUTED);

  @TempDir Path directory;

  @Test
  void killedProcessesLoseNoResultAndBringNothingInvalidatedBack() {
    try (ProcessCluster cluster =
        ProcessCluster.of(2, builder -> builder.partitions(Partitions.CONSISTENT))) {
      NodeProcess first = cluster.node(0);
      cluster.nodes().forEach(node -> open(node, directory));
      List<NodeProcess> next = List.of(cluster.spare(), cluster.spare());
      for (Mode mode : MODES) {
        assertThat(runs(first, mode, "key", "tag", "stays")).isEqualTo(3);
      }
      first.run(
          node -> {
            for (Mode mode : MODES) {
              memo(node, mode).invalidate("key");
              memo(node, mode).invalidateTag("tag");
            }
          });
      cluster.nodes().forEach(cluster::kill);

      next.forEach(cluster::join);
      next.forEach(node -> open(node, directory));
      NodeProcess there = next.get(0);
      awaitService(there);
      for (Mode mode : MODES) {
        assertThat(runs(there, mode, "stays")).isZero();
        assertThat(runs(there, mode, "key", "tag")).isEqualTo(2);
      }
      there.run(
          node -> {
            for (Mode mode : MODES) {
              memo(node, mode).invalidateAll();
            }
          });
      cluster.nodes().forEach(cluster::kill);

      List<NodeProcess> last = List.of(cluster.join(), cluster.join());
      last.forEach(node -> open(node, directory));
      awaitService(last.get(0));
      for (Mode mode : MODES) {
        assertThat(runs(last.get(0), mode, "key", "tag", "stays")).isEqualTo(3);
      }
    }
  }

  private static void open(NodeProcess process, Path directory) {
    String files = directory.toString();
    int own = Integer.parseInt(process.name().substring(1)) % 2; // n0 comes back as n2
    process.run(
        node -> {
          for (Mode mode : MODES) {
            AtomicInteger runs = node.kept("runs", AtomicInteger::new);
            var unused =
                node.kept(
                    "memo " + mode,
                    () ->
                        Memo.<String, String>builder(
                                "m " + mode, key -> key + runs.incrementAndGet())
                            .mode(mode)
                            .tags((key, value) -> Set.of(key))
                            .persist(
                                Persist.file(Path.of(files, mode == Mode.LOCAL ? "" + own : "")))
                            .build(node.cluster()));
          }
        });
  }

  /** Calls wait for the others no longer than a few seconds. */
  private static void awaitService(NodeProcess process) {
    Await.until(
        "service", () -> process.call(node -> memo(node, Mode.DISTRIBUTED).missing().isEmpty()));
  }

  private static int runs(NodeProcess process, Mode mode, String... keys) {
    return process.call(node -> computed(node, mode, keys));
  }

  // ---- in the other JVM

  /** Has the results stored, and returns how many runs that took. */
  private static int computed(NodeContext node, Mode mode, String... keys) {
    AtomicInteger runs = node.kept("runs", AtomicInteger::new);
    int before = runs.get();
    for (String key : keys) {
      String value = memo(node, mode).apply(key);
      Members.stored(memo(node, mode), key, value);
    }
    return runs.get() - before;
  }

  private static Memo<String, String> memo(NodeContext node, Mode mode) {
    return node.kept("memo " + mode, MemoPersistKillTest::missing);
  }

  private static Memo<String, String> missing() {
    throw new IllegalStateException("not started");
  }
}
