/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.transaction.TransactionManager;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.Stream;
import javax.management.JMX;
import javax.management.ObjectName;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.infinispan.AdvancedCache;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheMXBean;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.InDoubtTransaction;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.TransactionConflictException;
import org.memogrid.cache.Transactions;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Store;
import org.memogrid.testkit.TestCluster;

/** What is prepared of recoverable caches when their members are lost. */
class InDoubtTest {
  /** What happens before somebody begins the next transaction. */
  private final AtomicReference<@Nullable Runnable> beforeNext = new AtomicReference<>();

  private final TransactionManager manager = watched(Narayana.manager());
  private final TestCluster cluster =
      TestCluster.of(3, builder -> builder.transactionManager(manager));
  private final List<CountDownLatch> stopped = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void close() {
    stopped.forEach(CountDownLatch::countDown);
    threads.shutdown();
    cluster.close();
  }

  private TransactionManager watched(TransactionManager manager) {
    return (TransactionManager)
        Proxy.newProxyInstance(
            InDoubtTest.class.getClassLoader(),
            new Class<?>[] {TransactionManager.class},
            (proxy, method, arguments) -> {
              Runnable first = method.getName().equals("begin") ? beforeNext.getAndSet(null) : null;
              if (first != null) {
                first.run();
              }
              try {
                return method.invoke(manager, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private record Kind(Mode mode, Locking locking) {
    static final List<Kind> ALL =
        Stream.of(Mode.REPLICATED, Mode.DISTRIBUTED)
            .flatMap(mode -> Stream.of(Locking.values()).map(locking -> new Kind(mode, locking)))
            .toList();

    CacheOptions options() {
      return CacheOptions.of(mode).transactional(locking).recoverable();
    }

    @Override
    public String toString() {
      return mode + "-" + locking;
    }

    static List<Kind> one() {
      return List.of(new Kind(Mode.DISTRIBUTED, Locking.OPTIMISTIC));
    }

    Cache<String, String> open(Cluster node) {
      return node.cache(toString(), options());
    }
  }

  /** What a transaction does before it is prepared. */
  private interface Work {
    void of(Cache<String, String> cache);
  }

  /**
   * Has a member come to a stop when all is prepared of each kind, and takes it from the cluster.
   */
  private void lose(List<Kind> kinds, Work work) throws Exception {
    Cluster victim = cluster.node(0);
    CountDownLatch prepared = new CountDownLatch(kinds.size());
    CountDownLatch over = new CountDownLatch(1);
    stopped.add(over);
    for (Kind kind : kinds) {
      Cache<String, String> cache = kind.open(victim);
      new Thread(() -> stopPrepared(victim, () -> work.of(cache), new Stop(prepared, over)))
          .start();
    }
    prepared.await();
    for (Cluster node : cluster.nodes()) { // its member is about to end it
      assertThat(Transactions.inDoubt(node)).isEmpty();
    }
    Store store = prepared(victim);
    try (var places = store.localEntries()) {
      assertThat(places.map(place -> store.topology().home(place.getKey())))
          .as("who orders what is kept of it")
          .hasSize(kinds.size())
          .doesNotContain(victim.self());
    }
    cluster.crash(0);
  }

  private static Store prepared(Cluster node) {
    return node.unwrap(Node.class).store("org.memogrid.prepared", CacheOptions.of(Mode.REPLICATED));
  }

  private void stopPrepared(Cluster victim, Runnable work, Stop stop) {
    try {
      Transactions.run(
          victim,
          () -> {
            work.run();
            manager.getTransaction().enlistResource(stop);
          });
    } catch (Exception e) {
      // it has no cluster any more
    }
  }

  /** Votes last, and never. */
  private static final class Stop extends Branch {
    private final CountDownLatch prepared;
    private final CountDownLatch over;

    Stop(CountDownLatch prepared, CountDownLatch over) {
      this.prepared = prepared;
      this.over = over;
    }

    @Override
    public int prepare(Xid xid) throws XAException {
      prepared.countDown();
      try {
        over.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      throw new XAException(XAException.XA_RBROLLBACK);
    }
  }

  private static Xid[] all(XAResource recovery) throws XAException {
    Xid[] found = recovery.recover(XAResource.TMSTARTRSCAN);
    assertThat(recovery.recover(XAResource.TMENDRSCAN)).isEmpty();
    return found;
  }

  @Test
  void whatALostMemberPreparedIsCommittedByWhoeverIsTold() throws Exception {
    List<String> keys = List.of("new", "old", "gone", "read");
    for (Kind kind : Kind.ALL) {
      Cache<String, String> cache = kind.open(cluster.node(1));
      keys.stream().skip(1).forEach(key -> cache.put(key, "before"));
    }
    lose(
        Kind.ALL,
        cache -> {
          cache.put("new", "after");
          cache.put("old", "after");
          cache.remove("gone");
          assertThat(cache.get("read")).isEqualTo("before");
        });
    Cluster survivor = cluster.node(0);
    List<CompletableFuture<?>> refused = new ArrayList<>();
    for (Kind kind : Kind.ALL) {
      Cache<String, String> cache = kind.open(survivor);
      assertThat(cache.get("new")).isNull();
      for (String key : keys) {
        refused.add(CompletableFuture.runAsync(() -> cache.put(key, "meanwhile"), threads));
        refused.add(
            CompletableFuture.runAsync(
                () -> Transactions.run(survivor, () -> cache.put(key, "meanwhile")), threads));
      }
      cache.put("another", "free");
    }
    for (CompletableFuture<?> each : refused) {
      assertThatThrownBy(each::join)
          .cause()
          .isInstanceOf(TransactionConflictException.class)
          .message()
          .containsPattern("key (new|old|gone|read) is held by transaction 131077:")
          .contains("which member n0 had prepared when it was lost")
          .contains("Transactions.inDoubt(cluster)");
    }
    long begun = System.nanoTime();
    assertThatThrownBy(() -> Kind.ALL.get(0).open(survivor).put("new", "meanwhile"))
        .isInstanceOf(TransactionConflictException.class);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(5));
    XAResource recovery = Transactions.recovery(cluster.join());
    Xid[] found = all(recovery);
    assertThat(found).hasSize(4);
    for (Xid xid : found) {
      recovery.commit(xid, false);
      assertThatThrownBy(() -> recovery.commit(xid, false))
          .isInstanceOfSatisfying(
              XAException.class, e -> assertThat(e.errorCode).isEqualTo(XAException.XAER_NOTA));
    }
    for (Kind kind : Kind.ALL) {
      for (Cluster node : cluster.nodes()) {
        Cache<String, String> seen = kind.open(node);
        assertThat(seen.get("new")).isEqualTo("after");
        assertThat(seen.get("old")).isEqualTo("after");
        assertThat(seen.get("gone")).isNull();
        assertThat(seen.get("read")).isEqualTo("before");
        assertThat(Transactions.inDoubt(node)).isEmpty();
      }
      keys.forEach(key -> kind.open(survivor).put(key, "later"));
    }
  }

  @Test
  void whatALostMemberPreparedIsRolledBackByWhoeverIsTold() throws Exception {
    List<Kind> kinds = Kind.ALL.subList(1, 3); // of each mode and locking one
    for (Kind kind : kinds) {
      kind.open(cluster.node(1)).put("k", "before");
    }
    lose(kinds, cache -> cache.put("k", "after"));
    XAResource recovery = Transactions.recovery(cluster.node(1));
    for (Xid xid : all(recovery)) {
      recovery.rollback(xid);
    }
    assertThat(all(recovery)).isEmpty();
    for (Kind kind : kinds) {
      for (Cluster node : cluster.nodes()) {
        assertThat(kind.open(node).get("k")).isEqualTo("before");
      }
      for (Cluster node : cluster.nodes()) {
        kind.open(node).put("k", "by " + node.self().name());
      }
    }
  }

  @Test
  void whatIsInDoubtIsShownAndEndedByHand() throws Exception {
    assertThat(Kind.one().get(0).open(cluster.node(1)).get("b")).isNull(); // it has the bean
    lose(
        Kind.one(),
        cache -> {
          cache.put("b", "1");
          assertThat(cache.get("a")).isNull();
        });
    List<InDoubtTransaction> shown = Transactions.inDoubt(cluster.node(0));
    assertThat(shown).hasSize(1);
    assertThat(Transactions.inDoubt(cluster.node(1))).hasSize(1);
    for (InDoubtTransaction each : shown) {
      assertThat(each.member()).isEqualTo("n0");
      assertThat(each.keys()).containsExactly("a", "b");
      assertThat(each.id()).matches("131077:[0-9a-f]+:[0-9a-f]+");
      CacheMXBean bean = bean(each.cache());
      assertThat(bean.getInDoubt())
          .containsExactly(each + ", keys [a, b]")
          .allMatch(line -> line.startsWith(each.id()) && line.contains("prepared by n0 at "));
      bean.commitInDoubt(each.id());
      each.rollback(); // it has ended
      assertThat(bean.getInDoubt()).isEmpty();
      assertThatThrownBy(() -> bean.rollbackInDoubt(each.id()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(each.id());
      assertThat(cluster.node(1).cache(each.cache()).get("b")).isEqualTo("1");
    }
    assertThat(Transactions.inDoubt(cluster.node(1))).isEmpty();
  }

  /**
   * The manager's recovery, and somebody by hand.
   *
   * <ol>
   *   <li>Two find the same in doubt.
   *   <li>One ends it, and lets go of its keys.
   *   <li>A third writes one of them.
   *   <li>The other has its locks: it must not write, and nothing is wrong.
   * </ol>
   */
  @Test
  void whoEndsWhatAnotherHasEndedMeanwhileWritesNothing() throws Exception {
    for (Kind kind : Kind.ALL) {
      kind.open(cluster.node(1)).put("k", "before");
    }
    lose(Kind.ALL, cache -> cache.put("k", "after"));
    Cluster survivor = cluster.node(0);
    for (InDoubtTransaction each : Transactions.inDoubt(cluster.node(1))) {
      Cache<String, String> cache = survivor.cache(each.cache());
      beforeNext.set(
          () -> {
            Transactions.inDoubt(survivor).stream()
                .filter(same -> same.id().equals(each.id()))
                .forEach(InDoubtTransaction::commit);
            assertThat(cache.get("k")).isEqualTo("after");
            cache.put("k", "later");
          });
      each.commit();
      assertThat(cache.get("k")).isEqualTo("later");
      each.commit();
      each.rollback();
    }
    assertThat(beforeNext).hasValue(null);
    for (Kind kind : Kind.ALL) {
      for (Cluster node : cluster.nodes()) {
        assertThat(kind.open(node).get("k")).isEqualTo("later");
        assertThat(Transactions.inDoubt(node)).isEmpty();
      }
    }
  }

  /** Who orders the record has lost it, the other has not: a removal alone would stay with it. */
  @Test
  void whatSomeMembersHaveAndOthersNotIsOverForAll() throws Exception {
    lose(Kind.one(), cache -> cache.put("k", "after"));
    Store store = prepared(cluster.node(0));
    Member orders;
    try (var places = store.localEntries()) {
      orders = places.map(place -> store.topology().home(place.getKey())).findAny().orElseThrow();
    }
    Predicate<Cluster> isOrdering = node -> node.self().equals(orders);
    Cluster without = cluster.nodes().stream().filter(isOrdering).findAny().orElseThrow();
    Cluster with = cluster.nodes().stream().filter(isOrdering.negate()).findAny().orElseThrow();
    AdvancedCache<?, ?> engine =
        (AdvancedCache<?, ?>) requireNonNull(prepared(without).unwrap(AdvancedCache.class));
    engine.getDataContainer().clear();
    assertThat(Transactions.inDoubt(without)).isEmpty();
    List<InDoubtTransaction> left = Transactions.inDoubt(with);
    assertThat(left).hasSize(1);
    left.forEach(InDoubtTransaction::commit);
    assertThat(Transactions.inDoubt(with)).isEmpty();
    assertThat(Kind.one().get(0).open(without).get("k")).isEqualTo("after");
    Kind.one().get(0).open(with).put("k", "later");
  }

  /** The members that own the entries are lost, too, one with the transaction and one after it. */
  @Test
  void whatIsPreparedOutlivesTheOwnersOfItsEntries() throws Exception {
    lose(
        Kind.one(),
        cache -> {
          for (int key = 0; key < 30; key++) {
            cache.put("k" + key, "v");
          }
        });
    Cluster joined = cluster.join();
    cluster.crash(0, 1);
    Transactions.inDoubt(joined).forEach(InDoubtTransaction::commit);
    for (Kind kind : Kind.one()) {
      for (int key = 0; key < 30; key++) {
        assertThat(kind.open(joined).get("k" + key)).isEqualTo("v");
      }
    }
  }

  /** Each transaction prepares two caches, so each is kept and forgotten while others wait. */
  @Test
  void nothingIsLeftOfWhatIsCommittedAndNoUpdateIsLost() {
    CompletableFuture<?>[] all =
        cluster.nodes().stream()
            .map(node -> CompletableFuture.runAsync(() -> increment(node)))
            .toArray(CompletableFuture<?>[]::new);
    CompletableFuture.allOf(all).join();
    assertThatThrownBy(() -> prepareAndRollBack(cluster.node(0)))
        .isInstanceOf(CacheException.class);
    for (Cluster node : cluster.nodes()) {
      for (Kind kind : Kind.ALL) {
        assertThat(numbers(node, kind, "one").get("k")).isEqualTo(30);
        assertThat(numbers(node, kind, "two").get("k")).isEqualTo(30);
      }
      assertThat(prepared(node).localEntries()).isEmpty();
      assertThat(Transactions.inDoubt(node)).isEmpty();
    }
  }

  private void prepareAndRollBack(Cluster node) throws Exception {
    Transactions.run(
        node,
        () -> {
          for (Kind kind : Kind.ALL) {
            numbers(node, kind, "one").put("k", 0);
          }
          manager
              .getTransaction()
              .enlistResource(
                  new Branch() {
                    @Override
                    public int prepare(Xid xid) throws XAException {
                      throw new XAException(XAException.XA_RBROLLBACK);
                    }
                  });
        });
  }

  private static void increment(Cluster node) {
    for (int i = 0; i < 10; i++) {
      for (Kind kind : Kind.ALL) {
        Transactions.run(
            node,
            1000,
            () -> {
              numbers(node, kind, "one").update("k", old -> old == null ? 1 : old + 1);
              numbers(node, kind, "two").update("k", old -> old == null ? 1 : old + 1);
            });
      }
    }
  }

  private static Cache<String, Integer> numbers(Cluster node, Kind kind, String name) {
    return node.cache(name + kind, kind.options());
  }

  /** It can't be committed, since its cache is destroyed when it is decided. */
  @Test
  void whatItsMemberCouldNotEndIsInDoubtThoughThatIsThere() throws Exception {
    Cluster node = cluster.node(0);
    Cache<String, String> cache = Kind.one().get(0).open(node);
    Transactions.run(
        node,
        () -> {
          manager
              .getTransaction()
              .enlistResource(
                  new Branch() {
                    @Override
                    public void commit(Xid xid, boolean onePhase) {
                      apart(cache::destroy);
                    }
                  });
          cache.put("k", "v");
        });
    for (Cluster each : cluster.nodes()) {
      assertThat(Transactions.inDoubt(each)).hasSize(each == node ? 1 : 0);
    }
    XAResource recovery = Transactions.recovery(node);
    recovery.commit(all(recovery)[0], false);
    assertThat(Transactions.inDoubt(node)).isEmpty();
    assertThat(prepared(node).localEntries()).isEmpty();
  }

  /** On another thread, which is in no transaction. */
  private static void apart(Runnable task) {
    CompletableFuture.runAsync(task).join();
  }

  @Test
  void aMemberWithoutAManagerThatRecoversIsRefused() {
    CacheOptions options = Kind.ALL.get(0).options();
    AtomicBoolean given = new AtomicBoolean();
    try (TestCluster other =
        TestCluster.of(1, builder -> given.get() ? builder.transactionManager(manager) : builder)) {
      assertThatThrownBy(() -> other.node(0).cache("c", options))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("cache 'c' is recoverable")
          .hasMessageContaining("ClusterBuilder.transactionManager");
      assertThat(other.node(0).cacheNames()).isEmpty();
      assertThat(Transactions.inDoubt(other.node(0))).isEmpty();
      given.set(true);
      assertThat(other.join().cache("c", options).putIfAbsent("k", "v")).isNull();
      assertThatThrownBy(() -> other.node(0).cache("c", options).get("k"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("cache 'c' is recoverable");
      given.set(false);
      assertThatThrownBy(other.builder("late")::join)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("cache 'c' is recoverable");
    }
  }

  private static CacheMXBean bean(String cache) throws Exception {
    return JMX.newMXBeanProxy(
        ManagementFactory.getPlatformMBeanServer(),
        new ObjectName("org.memogrid:type=Cache,name=" + cache),
        CacheMXBean.class);
  }
}
