/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.memogrid.memo.MemoPersistTest.computed;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Partitions;
import org.memogrid.internal.store.Envelope;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** Results that outlive all members that share them. */
@Timeout(300)
final class MemoPersistClusterTest {
  private static final List<String> KEYS =
      IntStream.range(0, 30).mapToObj(i -> "abc".charAt(i % 3) + "-" + i).toList();

  @TempDir Path directory;

  private final AtomicInteger runs = new AtomicInteger();

  private static TestCluster cluster(int members, JdbcDataSource source) {
    return TestCluster.of(
        members, builder -> builder.partitions(Partitions.CONSISTENT).dataSource("shop", source));
  }

  private JdbcDataSource source() {
    JdbcDataSource source = new JdbcDataSource();
    source.setURL("jdbc:h2:mem:" + directory.getFileName() + ";DB_CLOSE_DELAY=-1");
    return source;
  }

  private Memo<String, String> open(Cluster node, Mode mode, Persist persist) {
    return Memo.<String, String>builder("m", key -> key + " of run " + runs.incrementAndGet())
        .mode(mode)
        .timeToLive(Duration.ofHours(1))
        .tags((key, value) -> Set.of(key.substring(0, 1)))
        .maximumSize(12) // the rest is in the store alone
        .persist(persist)
        .build(node);
  }

  /** Two thirds of the results are invalidated, then all members end at once. */
  private List<Envelope> live(TestCluster cluster, Mode mode, Persist persist) {
    List<Memo<String, String>> memos =
        cluster.nodes().stream().map(node -> open(node, mode, persist)).toList();
    memos.get(0).invalidateAll();
    List<Envelope> kept = new ArrayList<>();
    for (String key : KEYS) {
      computed(memos.get(0), key);
      if (key.startsWith("c")) {
        kept.add(Objects.requireNonNull(Members.node(memos.get(0)).anywhere(key)));
      }
    }
    memos.get(2).invalidateTag("a");
    KEYS.stream().filter(key -> key.startsWith("b")).forEach(memos.get(1)::invalidate);
    assertThat(runs).hasValue(30);
    cluster.crash(0, 1, 2);
    return kept;
  }

  /** What was invalidated is computed anew, and nothing else. */
  private void assertKept(Memo<String, String> memo, List<Envelope> kept) {
    int next = 0;
    for (String key : KEYS) {
      int before = runs.get();
      String value = memo.apply(key);
      if (key.startsWith("c")) {
        assertThat(value).isEqualTo(key + " of run " + (KEYS.indexOf(key) + 1));
        assertThat(runs).hasValue(before);
        Envelope there = Objects.requireNonNull(Members.node(memo).anywhere(key));
        assertThat(there.expiresAt()).isEqualTo(kept.get(next++).expiresAt());
      } else {
        assertThat(value).isEqualTo(key + " of run " + (before + 1));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void allMembersMayEndAtOnce(Mode mode) {
    Persist files = Persist.file(directory);
    List<Envelope> kept;
    try (TestCluster cluster = cluster(3, source())) {
      kept = live(cluster, mode, files);
    }
    try (TestCluster cluster = cluster(1, source())) {
      Memo<String, String> memo = open(cluster.node(0), mode, files);
      assertNothingIsServed(memo);
      cluster.join(); // without the function: it is home to some keys all the same
      cluster.join();
      Await.until("service", () -> memo.missing().isEmpty());
      Memo<String, String> last = open(cluster.node(2), mode, files);
      Await.until("service there", () -> last.missing().isEmpty());
      assertKept(last, kept);
      memo.invalidateAll(); // above what the former life counted
      int before = runs.get();
      assertThat(memo.apply("c-2")).isEqualTo("c-2 of run " + (before + 1));
    }
  }

  /** Neither a value nor a run: a missing member may know better. */
  private void assertNothingIsServed(Memo<String, String> memo) {
    int before = runs.get();
    assertThat(memo.missing()).isNotEmpty();
    String missing = memo.missing().iterator().next();
    // At once, since each waits for a few seconds before it gives up.
    CompletableFuture<Throwable> read = failure(() -> memo.apply("c-2"));
    CompletableFuture<Throwable> ofKey = failure(() -> memo.invalidate("c-2"));
    CompletableFuture<Throwable> ofTag = failure(() -> memo.invalidateTag("c"));
    assertThat(read.join())
        .isInstanceOf(MemoException.class)
        .hasMessageContaining("the result for c-2 could not be read")
        .hasMessageContaining("may have later entries")
        .hasMessageContaining(missing);
    for (CompletableFuture<Throwable> invalidation : List.of(ofKey, ofTag)) {
      assertThat(invalidation.join())
          .isInstanceOf(MemoException.class)
          .hasMessageContaining(missing);
    }
    assertThat(runs).hasValue(before);
  }

  /** What the call throws, on a thread of its own. */
  private static CompletableFuture<Throwable> failure(ThrowingCallable call) {
    return CompletableFuture.supplyAsync(
        () -> catchThrowable(call), task -> new Thread(task, "caller").start());
  }

  @Test
  void whoGoesOnWithoutTheMissingForgetsAll() {
    Persist files = Persist.file(directory);
    try (TestCluster cluster = cluster(3, source())) {
      var unused = live(cluster, Mode.REPLICATED, files);
    }
    try (TestCluster cluster = cluster(1, source())) {
      Memo<String, String> memo = open(cluster.node(0), Mode.REPLICATED, files);
      memo.goOnWithoutMissing();
      assertThat(memo.missing()).isEmpty();
      assertThat(memo.apply("c-2")).isEqualTo("c-2 of run 31");
    }
  }

  @Test
  void oneTableServesWhoeverComesBack() {
    Persist table = Persist.jdbc("shop", "prices");
    List<Envelope> kept;
    try (TestCluster cluster = cluster(3, source())) {
      kept = live(cluster, Mode.DISTRIBUTED, table);
    }
    try (TestCluster cluster = cluster(1, source())) {
      Memo<String, String> memo = open(cluster.node(0), Mode.DISTRIBUTED, table);
      assertKept(memo, kept);
    }
  }

  @Test
  void allMembersKeepTheSameMemoInOnePlace() {
    try (TestCluster cluster = cluster(2, source())) {
      Memo<String, String> memo = open(cluster.node(0), Mode.DISTRIBUTED, Persist.file(directory));
      assertThatThrownBy(
              () -> open(cluster.node(1), Mode.DISTRIBUTED, Persist.jdbc("shop", "prices")))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("persist=file:" + directory)
          .hasMessageContaining("persist=table prices of shop");
      assertThat(memo.apply("a")).isEqualTo("a of run 1");
    }
  }
}
