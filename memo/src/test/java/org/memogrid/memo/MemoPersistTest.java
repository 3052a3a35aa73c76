/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.CacheLoader;
import org.memogrid.cache.CacheWriter;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.ClusterBuilder;
import org.memogrid.internal.store.Envelope;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.TestCluster;

/** What outlives a process that has nobody beside it, and what is refused. */
@Timeout(180)
final class MemoPersistTest {
  @TempDir Path directory;

  private final AtomicInteger runs = new AtomicInteger();

  record Price(int cents) {}

  private String count(String key) {
    return key + " of run " + runs.incrementAndGet();
  }

  private <V> Memo<String, V> open(
      Cluster node,
      Function<? super String, ? extends V> fn,
      UnaryOperator<MemoBuilder<String, V>> options) {
    return options
        .apply(Memo.<String, V>builder("m", fn).mode(Mode.LOCAL).persist(Persist.file(directory)))
        .build(node);
  }

  private Memo<String, String> open(Cluster node) {
    return open(node, this::count, MemoPersistTest::tagged);
  }

  private static MemoBuilder<String, String> tagged(MemoBuilder<String, String> builder) {
    return builder.tags((key, value) -> Set.of(key.substring(0, 1)));
  }

  /** The value of a new run, which is stored. */
  static <V> V computed(Memo<String, V> memo, String key) {
    V value = memo.apply(key);
    Members.stored(memo, key, value);
    return value;
  }

  @Test
  void resultsAreThereInTheNextLifeWithTheirEndsAndWithoutARun() {
    Function<String, Object> fn =
        key -> {
          runs.incrementAndGet();
          return switch (key) {
            case "null" -> null;
            case "list" -> List.of(1, 2);
            case "fails" -> throw new IllegalStateException("no " + key);
            default -> key;
          };
        };
    UnaryOperator<MemoBuilder<String, Object>> options =
        b ->
            b.timeToLive(Duration.ofHours(1))
                .maxIdle(Duration.ofMinutes(40))
                .refreshAhead(0.5)
                .staleIfError(Duration.ofHours(2))
                .cacheFailures(e -> Optional.of(Duration.ofHours(1)));
    Envelope before;
    try (Cluster node = Cluster.local()) {
      Memo<String, Object> memo = open(node, fn, options);
      computed(memo, "null");
      computed(memo, "list");
      assertThatThrownBy(() -> memo.apply("fails")).hasMessageContaining("no fails");
      Await.until("the failure", () -> Members.node(memo).anywhere("fails") != null);
      before = Objects.requireNonNull(Members.node(memo).anywhere("list"));
    }
    assertThat(runs).hasValue(3);
    try (Cluster node = Cluster.local()) {
      Memo<String, Object> memo = open(node, fn, options);
      assertThat(memo.apply("null")).isNull();
      assertThat(memo.apply("list")).isEqualTo(List.of(1, 2));
      assertThatThrownBy(() -> memo.apply("fails")).hasMessageContaining("no fails");
      assertThat(runs).hasValue(3);
      Envelope after = Objects.requireNonNull(Members.node(memo).anywhere("list"));
      assertThat(after).isEqualTo(before); // it is of the former life: the same version
      assertThat(after.expiresAt()).isEqualTo(before.expiresAt());
      assertThat(after.idleMillis()).isEqualTo(before.idleMillis());
      assertThat(after.fresh()).isEqualTo(before.fresh());
      assertThat(memo.missing()).isEmpty();
    }
  }

  /** Also of what memory has let go of: it is in the files. */
  @Test
  void whatWasInvalidatedByKeyTagOrPredicateIsComputedAnew() {
    List<String> keys = List.of("a1", "a2", "b1", "c1", "d1");
    try (Cluster node = Cluster.local()) {
      Memo<String, String> memo = open(node, this::count, b -> tagged(b).maximumSize(2));
      keys.forEach(key -> computed(memo, key));
      memo.invalidateTag("a");
      memo.invalidateIf(key -> key.startsWith("b"));
      memo.invalidate("c1");
    }
    try (Cluster node = Cluster.local()) {
      Memo<String, String> memo = open(node);
      assertThat(memo.peek("a1")).isEmpty();
      assertThat(memo.getAll(keys))
          .containsAllEntriesOf(Map.of("d1", "d1 of run 5"))
          .doesNotContainValue("a1 of run 1")
          .doesNotContainValue("a2 of run 2")
          .doesNotContainValue("b1 of run 3")
          .doesNotContainValue("c1 of run 4");
      assertThat(runs).hasValue(9);
    }
  }

  /** An entry that has not been removed yet, or is written late, is of an epoch that was kept. */
  @Test
  void whatAnInvalidationOfAllHasNotYetRemovedIsNotGoodAgain() {
    try (Cluster node = Cluster.local()) {
      Memo<String, String> memo = open(node);
      computed(memo, "a");
      Envelope old = Objects.requireNonNull(Members.node(memo).anywhere("a"));
      memo.invalidateAll();
      Await.until("the removal", () -> Members.node(memo).store().get("a") == null);
      Members.node(memo).store().put("a", old);
    }
    try (Cluster node = Cluster.local()) {
      assertThat(open(node).apply("a")).isEqualTo("a of run 2");
    }
  }

  @Test
  void anInvalidationOfAllIsAboveWhatAFormerLifeCounted() {
    try (Cluster node = Cluster.local()) {
      Memo<String, String> memo = open(node);
      memo.invalidateAll();
      memo.invalidateAll();
      computed(memo, "a");
    }
    try (Cluster node = Cluster.local()) {
      assertThat(open(node).apply("a")).isEqualTo("a of run 1");
    }
    try (Cluster node = Cluster.local()) {
      Memo<String, String> memo = open(node);
      memo.invalidateAll();
      assertThat(memo.apply("a")).isEqualTo("a of run 2");
    }
  }

  /** Whoever raised it: members that met again raise it without an invalidation. */
  @Test
  void noResultIsOfAHigherEpochThanTheOneThatIsKept() {
    try (Cluster node = Cluster.local()) {
      Memo<String, String> memo = open(node);
      Members.node(memo).feed(core -> core.raiseEpoch(5));
      computed(memo, "a");
    }
    try (Cluster node = Cluster.local()) {
      Memo<String, String> memo = open(node);
      assertThat(Members.node(memo).loadedEpoch()).isEqualTo(5);
      assertThat(memo.apply("a")).isEqualTo("a of run 1");
    }
  }

  @Test
  void withoutTheCountOfInvalidationsNothingIsServed() {
    try (Cluster node = Cluster.local()) {
      Memo<String, String> memo = open(node);
      memo.invalidateAll();
      computed(memo, "a");
      assertThat(Members.node(memo).store().remove(KeptEpoch.KEY)).isNotNull();
    }
    try (Cluster node = Cluster.local()) {
      assertThat(open(node).apply("a")).isEqualTo("a of run 2");
    }
    try (Cluster node = Cluster.local()) {
      assertThat(open(node).apply("b")).isEqualTo("b of run 3");
    }
  }

  /** The memo's own entry is nobody's key. */
  @Test
  void theLibrarysOwnEntryIsNotSeen() {
    try (Cluster node = Cluster.local()) {
      Memo<String, String> memo = open(node);
      memo.apply("a");
      memo.invalidateIf(
          key -> {
            assertThat(key).isEqualTo("a");
            return true;
          });
      assertThatThrownBy(() -> memo.apply((String) KeptEpoch.KEY))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the library's own");
    }
  }

  @Test
  void aResultThatCanNotBeReadAnyMoreSaysWhatToDo() {
    try (TestCluster cluster = TestCluster.of(1, b -> b.allow(Price.class.getName()))) {
      computed(open(cluster.node(0), key -> new Price(runs.incrementAndGet()), b -> b), "a");
    }
    try (TestCluster cluster = TestCluster.of(1)) {
      Memo<String, Object> memo = open(cluster.node(0), this::count, b -> b);
      assertThatThrownBy(() -> memo.apply("a"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("memo 'm': the result that is remembered for a can't be read")
          .hasMessageContaining(Price.class.getName())
          .hasMessageContaining("another version");
      memo.invalidate("a");
      assertThat(memo.apply("a")).isEqualTo("a of run 2");
    }
  }

  @Test
  void aVersionHasFilesOfItsOwn() {
    try (Cluster node = Cluster.local()) {
      computed(open(node), "a");
      assertThat(open(node, this::count, b -> b.version("2")).apply("a")).isEqualTo("a of run 2");
    }
    assertThat(directory.resolve("org.memogrid.memo.m")).isDirectory();
    assertThat(directory.resolve("org.memogrid.memo.m%2F2")).isDirectory();
  }

  // ---- refusals

  @Test
  void oneNameIsKeptInOnePlace() {
    try (Cluster node = Cluster.local()) {
      Memo<String, String> memo = open(node);
      memo.close();
      Persist elsewhere = Persist.file(directory.resolve("x"));
      assertThatThrownBy(() -> open(node, this::count, b -> tagged(b).persist(elsewhere)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("memo 'm' is open")
          .hasMessageContaining("file:" + directory);
      assertThat(directory.resolve("x")).doesNotExist();
      assertThat(open(node).apply("a")).isEqualTo("a of run 1");
    }
  }

  @Test
  void whatCanNotBeKeptIsRefusedBeforeAnythingIsThere() {
    try (Cluster node = Cluster.local()) {
      Persist files = Persist.file(directory);
      refused(node, b -> b.mode(Mode.INVALIDATED).persist(files), "INVALIDATED");
      refused(node, b -> b.trackDependencies(true).persist(files), "trackDependencies");
      refused(node, b -> b.maximumWeight(9, (k, v) -> 1).persist(files), "maxWeight");
      refused(
          node,
          b -> b.persist(Persist.jdbc("jdbc:h2:mem:m", "m").writeBehind(9, 1)),
          "writeBehind");
      CacheLoader<Object, Object> loader = key -> null;
      refused(node, b -> b.persist(Persist.with(loader, new Nothing())), "the function");
      refused(node, b -> b.persist(Persist.with("rows")), "the function");
      refused(
          node,
          b -> b.mode(Mode.DISTRIBUTED).persist(Persist.jdbc("jdbc:h2:mem:m", "m")),
          "name of a data source");
    }
    assertThat(directory).isEmptyDirectory();
  }

  private void refused(
      Cluster node, UnaryOperator<MemoBuilder<String, String>> options, String why) {
    assertThatThrownBy(
            () ->
                options
                    .apply(Memo.<String, String>builder("m", this::count).mode(Mode.LOCAL))
                    .build(node))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("memo 'm'")
        .hasMessageContaining(why);
  }

  private static final class Nothing implements CacheWriter<Object, Object> {
    @Override
    public void write(Object key, Object value) {}

    @Override
    public void delete(Object key) {}
  }

  @Test
  void filesThatMembersShareNeedAConsistentCluster() {
    UnaryOperator<ClusterBuilder> same = UnaryOperator.identity();
    try (TestCluster cluster = TestCluster.of(1, same)) {
      assertThatThrownBy(() -> open(cluster.node(0), this::count, b -> b.mode(Mode.REPLICATED)))
          .hasMessageContaining("CONSISTENT");
      assertThat(directory).isEmptyDirectory();
      Memo<String, String> memo =
          Memo.<String, String>builder("m", this::count)
              .mode(Mode.REPLICATED)
              .build(cluster.node(0)); // nothing of it was noted
      assertThat(memo.apply("a")).isEqualTo("a of run 1");
    }
  }

  /** A member without the function opens the memo with what the others noted. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void theStoreIsToldFromTheNotedOptions(Mode mode) {
    for (Persist persist :
        List.of(
            Persist.file(Path.of("/a b/persist=maximumSize=7")), Persist.jdbc("my db", "s.t"))) {
      Plan<String, String> plan = new Plan<>(this::count, new BatchOptions("m"));
      plan.persist = persist;
      assertThat(Definitions.storeOf(mode, plan.shared(mode))).isEqualTo(plan.store(mode));
      plan.maximumSize = 9;
      assertThat(Definitions.storeOf(mode, plan.shared(mode))).isEqualTo(plan.store(mode));
    }
  }
}
