/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheFullException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Conditional;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Topology;
import org.memogrid.internal.store.Versions;
import org.memogrid.testkit.Await;

/** The clustered store under the cache's policy, on three members of one JVM. */
final class ClusterStoreTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private static SerialCodec codec;
  private static LoopCluster cluster;

  @BeforeAll
  static void join() {
    codec = new SerialCodec();
    cluster = new LoopCluster(codec, 3);
  }

  @AfterAll
  static void leave() {
    cluster.close();
  }

  private static <K, V> Cache<K, V> at(int member, String name, CacheOptions options) {
    return cluster.caches(member).cache(name + "-" + options.mode(), options);
  }

  private static <K, V> Cache<K, V> at(int member, String name, Mode mode) {
    return at(member, name, CacheOptions.of(mode));
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whatOneMemberWritesAllOthersRead(Mode mode) {
    Cache<String, Integer> here = at(0, "put", mode);
    Cache<String, Integer> there = cluster.caches(1).cache("put-" + mode);
    assertThat(there.mode()).isEqualTo(mode);
    for (int i = 0; i < 50; i++) {
      here.put("k" + i, i);
    }
    for (int i = 0; i < 50; i++) {
      assertThat(there.get("k" + i)).isEqualTo(i);
    }
    assertThat(there.size()).isEqualTo(50);
    try (Stream<Map.Entry<String, Integer>> entries = there.entries()) {
      assertThat(entries.mapToInt(Map.Entry::getValue).sum()).isEqualTo(49 * 25);
    }
    assertThat(there.getAll(List.of("k1", "k2", "none"))).isEqualTo(Map.of("k1", 1, "k2", 2));
    there.putAll(Map.of("k1", -1, "k60", 60));
    assertThat(here.get("k1")).isEqualTo(-1);
    assertThat(here.getAndPut("k60", 61)).isEqualTo(60);
    assertThat(here.remove("k60")).isEqualTo(61);
    assertThat(here.containsKey("k60")).isFalse();
    there.clear();
    assertThat(here.size()).isZero();
  }

  /** As a fenced write of a new key leaves them. */
  @ParameterizedTest
  @EnumSource(names = "LOCAL", mode = EnumSource.Mode.EXCLUDE)
  void aPlaceThatIsHeldIsNoEntryAndNoEvent(Mode mode) {
    List<Cache<String, Integer>> caches =
        IntStream.range(0, 3).mapToObj(i -> this.<String, Integer>opened(i, "held", mode)).toList();
    Store store = caches.get(0).unwrap(Store.class);
    List<List<CacheEvent<String, Integer>>> heard = new ArrayList<>();
    for (Cache<String, Integer> cache : mode == Mode.INVALIDATED ? caches.subList(0, 1) : caches) {
      List<CacheEvent<String, Integer>> events = new CopyOnWriteArrayList<>();
      heard.add(events);
      cache.listen(events::add);
    }
    Versions versions = new Versions();
    long end = cluster.now() + 1_000;
    for (int i = 0; i < 8; i++) { // each member orders some
      Envelope refused = Envelope.tombstone(versions.next()).expiring(end, 0, cluster.now());
      assertThat(store.putIfAbsent("refused" + i, refused)).isNull();
      caches.forEach(cache -> assertThat(cache.size()).isZero());
      assertThat(store.remove("refused" + i, refused)).isTrue();
    }
    for (int i = 0; i < 8; i++) {
      Envelope place = Envelope.tombstone(versions.next()).expiring(end, 0, cluster.now());
      assertThat(store.putIfAbsent("k" + i, place)).isNull();
      Envelope value = Envelope.ofBytes(versions.next(), codec.encode(i));
      assertThat(Conditional.swap(store, "k" + i, place, value)).isTrue();
      assertThat(caches.get(0).size()).isEqualTo(i + 1);
    }
    for (List<CacheEvent<String, Integer>> events : heard) {
      Await.untilAsserted("eight creations", () -> assertThat(events).hasSize(8));
      assertThat(events).extracting(CacheEvent::type).containsOnly(CacheEvent.Type.CREATED);
    }
  }

  private <K, V> Cache<K, V> opened(int member, String name, Mode mode) {
    return at(member, name, mode);
  }

  @Test
  void whatIsDestroyedElsewhereIsForgotten() {
    for (int i = 0; i < 3; i++) {
      Cache<String, Integer> here = at(0, "forgotten" + i, Mode.DISTRIBUTED);
      int before = cluster.node(0).stores().known();
      at(1, "forgotten" + i, Mode.DISTRIBUTED).destroy();
      Await.until("it is gone", () -> cluster.node(0).stores().known() == before - 1);
      assertThatThrownBy(here::size).isInstanceOf(IllegalStateException.class);
    }
  }

  /** Only the home of a key needs it said; who does not hold the key never says it. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void thatAKeyIsAbsentIsSaidByWhoHoldsItAndOnlyIfItIs(Mode mode) {
    List<Store> stores =
        IntStream.range(0, 3)
            .mapToObj(i -> cluster.node(i).stores().open("absent-" + mode, CacheOptions.of(mode)))
            .toList();
    Versions versions = new Versions();
    for (int i = 0; i < 20; i++) {
      String key = "k" + i;
      for (int member = 0; member < 3; member++) {
        Store store = stores.get(member);
        boolean holds = store.topology().owners(key).contains(cluster.node(member).self());
        Await.until(key + " on " + member, () -> store.isSurelyAbsent(key) == holds);
      }
      stores.get(i % 3).put(key, Envelope.tombstone(versions.next()));
      assertThat(stores).noneMatch(store -> store.isSurelyAbsent(key));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void conditionsCompareValuesWhereverTheEntryIs(Mode mode) {
    for (int i = 0; i < 6; i++) { // keys of every member
      String key = "k" + i;
      Cache<String, List<Integer>> here = at(0, "cas", mode);
      Cache<String, List<Integer>> there = at(1, "cas", mode);
      assertThat(here.putIfAbsent(key, List.of(1))).isNull();
      assertThat(there.putIfAbsent(key, List.of(2))).containsExactly(1);
      assertThat(there.replace(key, List.of(1), List.of(2))).isTrue();
      assertThat(here.replace(key, List.of(1), List.of(3))).isFalse();
      assertThat(here.replace(key, List.of(4))).containsExactly(2);
      assertThat(there.remove(key, List.of(2))).isFalse();
      assertThat(there.remove(key, List.of(4))).isTrue();
      assertThat(here.get(key)).isNull();
      assertThat(here.replace(key, List.of(5))).isNull();
      assertThat(here.get(key)).isNull();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void updatesOfAllMembersAtOnceAreAllCounted(Mode mode) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int member = 0; member < 3; member++) {
        Cache<String, Integer> cache = at(member, "count", mode);
        all.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 100; i++) {
                    cache.update("n", n -> n == null ? 1 : n + 1);
                  }
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
      assertThat(ClusterStoreTest.<String, Integer>at(2, "count", mode).get("n")).isEqualTo(300);
    } finally {
      threads.shutdownNow();
    }
  }

  /** If each held its own keys while it waits for the others', none would go on. */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void allMembersMayWriteTheSameKeysAtOnce(Mode mode) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      Map<Integer, Integer> same =
          IntStream.range(0, 20).boxed().collect(Collectors.toMap(i -> i, i -> i));
      List<Future<?>> all = new ArrayList<>();
      for (int member = 0; member < 3; member++) {
        Cache<Integer, Integer> cache = at(member, "same", mode);
        all.add(
            threads.submit(
                () -> {
                  for (int round = 0; round < 20; round++) {
                    cache.putAll(same);
                  }
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
      assertThat(ClusterStoreTest.<Integer, Integer>at(2, "same", mode).asMap()).isEqualTo(same);
    } finally {
      threads.shutdownNow();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void oneOfManyPutIfAbsentWins(Mode mode) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      for (int round = 0; round < 20; round++) {
        String key = "race" + round;
        CountDownLatch start = new CountDownLatch(1);
        List<Future<Integer>> answers = new ArrayList<>();
        for (int member = 0; member < 3; member++) {
          int mine = member;
          Cache<String, Integer> cache = at(member, "race", mode);
          Callable<Integer> attempt =
              () -> {
                start.await();
                Integer before = cache.putIfAbsent(key, mine);
                return before == null ? mine : before;
              };
          answers.add(threads.submit(attempt));
        }
        start.countDown();
        Set<Integer> winners = new HashSet<>();
        for (Future<Integer> answer : answers) {
          winners.add(answer.get());
        }
        assertThat(winners).hasSize(1);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void invalidatedKeepsWhereWrittenAndEvictsElsewhere() {
    Cache<String, Object> here = at(0, "inv", Mode.INVALIDATED);
    Cache<String, Object> there = at(1, "inv", Mode.INVALIDATED);
    Object unencodable = new Object();
    here.put("k", unencodable);
    assertThat(here.get("k")).isSameAs(unencodable);
    assertThat(there.get("k")).isNull();
    there.put("k", "mine");
    assertThat(here.get("k")).isNull();
    assertThat(there.get("k")).isEqualTo("mine");
    here.remove("k");
    assertThat(there.get("k")).isNull();
    here.put("a", 1);
    there.put("b", 2);
    assertThat(here.size()).isEqualTo(1);
    assertThat(here.entries().map(Map.Entry::getKey)).containsExactly("a");
    here.clear();
    assertThat(there.get("b")).isNull();
  }

  @Test
  void invalidatedStoresLocallyWithoutTellingAnybody() {
    Store here = cluster.node(0).stores().open("local", CacheOptions.of(Mode.INVALIDATED));
    Store there = cluster.node(1).stores().open("local", CacheOptions.of(Mode.INVALIDATED));
    Versions versions = new Versions();
    here.putLocal("k", Envelope.ofValue(versions.next(), 1));
    there.putLocal("k", Envelope.ofValue(versions.next(), 2));
    assertThat(requireNonNull(here.get("k")).value(codec)).isEqualTo(1);
    there.put("k", Envelope.ofValue(versions.next(), 3));
    assertThat(here.get("k")).isNull();
  }

  @Test
  void invalidatedReplacesLocallyWithoutTellingAnybodyUnlessAnotherWroteMeanwhile() {
    Store here = cluster.node(0).stores().open("kept", CacheOptions.of(Mode.INVALIDATED));
    Store there = cluster.node(1).stores().open("kept", CacheOptions.of(Mode.INVALIDATED));
    Versions versions = new Versions();
    Envelope mark = Envelope.tombstone(versions.next());
    Envelope other = Envelope.ofValue(versions.next(), 2);
    here.putLocal("k", mark);
    there.putLocal("k", other);
    assertThat(here.replaceLocal("k", mark, Envelope.ofValue(versions.next(), 1))).isTrue();
    assertThat(requireNonNull(here.get("k")).value(codec)).isEqualTo(1);
    assertThat(there.get("k")).isEqualTo(other);

    here.putLocal("k", mark);
    there.put("k", other);
    assertThat(here.replaceLocal("k", mark, Envelope.ofValue(versions.next(), 3))).isFalse();
    assertThat(here.get("k")).isNull();
  }

  /**
   * 1. A member is killed while it sends a write: one owner has it, the one that orders the writes
   * has not, or the other way round. 2. Whoever reads the one and writes on condition is refused by
   * the other, for as long as he expects what he reads.
   */
  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void aWriteThatReachedOneOwnerAloneHoldsUpNobody(Mode mode) {
    CacheOptions options = CacheOptions.of(mode);
    Store any = cluster.node(0).stores().open("half-" + mode, options);
    Await.until("owners", () -> any.topology().owners("a").size() >= 2);
    Versions versions = new Versions();
    int keys = 0;
    for (Integer atHome : Arrays.asList(5, null)) {
      for (Integer atBackup : Arrays.asList(6, null)) {
        for (Change change : Change.values()) {
          String key = "k" + keys++;
          List<Member> owners = any.topology().owners(key);
          putAt(owners.get(0), "half", options, key, atHome, versions);
          putAt(owners.get(1), "half", options, key, atBackup, versions);
          Cache<String, Integer> cache = at(memberOf(owners.get(1)), "half", options);
          if (atBackup == null && change != Change.UPDATE) {
            continue; // nothing there to be changed
          }
          Integer expected =
              assertTimeoutPreemptively(
                      Duration.ofSeconds(20), () -> Optional.ofNullable(change.of(cache, key)))
                  .orElse(null);
          for (Member owner : owners) {
            assertThat(at(memberOf(owner), "half", options).get(key))
                .as("%s of %s where the home has %s, on %s", change, atBackup, atHome, owner)
                .isEqualTo(expected);
          }
        }
      }
    }
  }

  private static void putAt(
      Member member,
      String name,
      CacheOptions options,
      String key,
      @Nullable Integer value,
      Versions versions) {
    if (value != null) {
      cluster
          .node(memberOf(member))
          .stores()
          .open(name + "-" + options.mode(), options)
          .putLocal(key, Envelope.ofValue(versions.next(), value));
    }
  }

  /** A write on condition; gives what must be there afterwards. */
  private enum Change {
    UPDATE {
      @Override
      @Nullable Integer of(Cache<String, Integer> cache, String key) {
        return cache.update(key, n -> n == null ? 1 : n + 1);
      }
    },
    REPLACE {
      @Override
      @Nullable Integer of(Cache<String, Integer> cache, String key) {
        return cache.replace(key, 9) == null ? null : 9;
      }
    },
    REMOVE {
      @Override
      @Nullable Integer of(Cache<String, Integer> cache, String key) {
        return cache.update(key, n -> null);
      }
    };

    abstract @Nullable Integer of(Cache<String, Integer> cache, String key);
  }

  private static int memberOf(Member member) {
    for (int i = 0; i < 3; i++) {
      if (cluster.node(i).self().equals(member)) {
        return i;
      }
    }
    throw new AssertionError(member);
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void otherOptionsAreRefusedOnEveryMember(Mode mode) {
    Cache<String, Integer> first = at(0, "options", CacheOptions.of(mode).maxEntries(10));
    assertThat(first.mode()).isEqualTo(mode);
    for (int member = 0; member < 3; member++) {
      int at = member;
      assertThatThrownBy(() -> at(at, "options", CacheOptions.of(mode).maxEntries(11)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("[" + mode + " maxEntries=10]")
          .hasMessageContaining("[" + mode + " maxEntries=11]");
    }
    assertThat(cluster.caches(2).names()).contains("options-" + mode);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void theHomeOfAKeyIsItsPrimaryOwner(Mode mode) {
    Store store = cluster.node(0).stores().open("home-" + mode, CacheOptions.of(mode));
    int owners = mode == Mode.REPLICATED ? 3 : 2;
    Await.until(
        "the cache at rest on all members",
        () ->
            store.topology().members().size() == 3
                && store.topology().owners("a").size() == owners
                && store.topology().owners("b").size() == owners);
    Topology topology = store.topology();
    Set<Member> homes = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      String key = "key" + i;
      store.put(key, Envelope.ofValue(new Versions().next(), i));
      Member home = topology.home(key);
      homes.add(home);
      assertThat(topology.owners(key)).startsWith(home).hasSize(owners);
      List<Member> holders = new ArrayList<>();
      for (int member = 0; member < 3; member++) {
        LoopCluster.Node node = cluster.node(member);
        Store there = node.stores().open("home-" + mode, CacheOptions.of(mode));
        assertThat(there.topology().home(key)).isEqualTo(home);
        try (Stream<Map.Entry<Object, Envelope>> entries = there.localEntries()) {
          if (entries.anyMatch(entry -> entry.getKey().equals(key))) {
            holders.add(node.self());
          }
        }
      }
      assertThat(topology.owners(key)).containsExactlyInAnyOrderElementsOf(holders);
    }
    assertThat(homes).hasSize(3);
  }

  @Test
  void invalidatedHomesAreTheSameOnAllMembers() {
    CacheOptions options = CacheOptions.of(Mode.INVALIDATED);
    Set<Member> homes = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      Set<Member> answers = new HashSet<>();
      for (int member = 0; member < 3; member++) {
        answers.add(
            cluster.node(member).stores().open("inv-home", options).topology().home("k" + i));
      }
      assertThat(answers).hasSize(1);
      homes.addAll(answers);
    }
    assertThat(homes).hasSize(3);
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void timeToLiveEndsAnEntryEverywhere(Mode mode) {
    Cache<String, Integer> here =
        at(0, "ttl", CacheOptions.of(mode).timeToLive(SECOND.multipliedBy(10)));
    here.put("options", 1);
    here.put("own", 2, Expiry.ttl(SECOND.multipliedBy(30)));
    here.put("never", 3, Expiry.NEVER);
    here.putAll(Map.of("all", 4), Expiry.ttl(SECOND));
    assertThat(here.get("all")).isEqualTo(4);
    cluster.tick(SECOND);
    assertThat(here.get("all")).isNull();
    cluster.tick(SECOND.multipliedBy(8));
    assertThat(here.get("options")).isEqualTo(1);
    cluster.tick(SECOND);
    for (int member = 0; member < 3; member++) {
      Cache<String, Integer> there =
          at(member, "ttl", CacheOptions.of(mode).timeToLive(SECOND.multipliedBy(10)));
      assertThat(there.get("options")).isNull();
    }
    assertThat(here.get("own")).isEqualTo(2);
    cluster.tick(SECOND.multipliedBy(20));
    assertThat(here.get("own")).isNull();
    assertThat(here.get("never")).isEqualTo(3);
    assertThat(here.size()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void anEntryThatIsReadSomewhereStaysAndOneThatIsNotGoes(Mode mode) {
    CacheOptions options = CacheOptions.of(mode).maxIdle(SECOND.multipliedBy(8));
    Cache<String, Integer> here = at(0, "idle", options);
    Cache<String, Integer> reader = at(mode == Mode.INVALIDATED ? 0 : 2, "idle", options);
    here.put("read", 1);
    here.put("unread", 2);
    for (int i = 0; i < 10; i++) {
      cluster.tick(SECOND.multipliedBy(3));
      assertThat(reader.get("read")).as("read after %s s", 3 * (i + 1)).isEqualTo(1);
      cluster.settle();
    }
    assertThat(here.get("unread")).isNull();
    cluster.tick(SECOND.multipliedBy(10));
    assertThat(here.get("read")).isNull();
  }

  @Test
  void readingAnIdleEntrySendsNothing() {
    Cache<String, Integer> cache =
        at(0, "quiet", CacheOptions.of(Mode.REPLICATED).maxIdle(SECOND.multipliedBy(8)));
    cache.put("k", 1);
    cluster.tick(SECOND.multipliedBy(3));
    assertThat(cache.get("k")).isEqualTo(1); // the one read that renews
    cluster.settle();
    long before = cluster.messagesSentBy(0);
    for (int i = 0; i < 2000; i++) {
      assertThat(cache.get("k")).isEqualTo(1);
    }
    // The members' own talk goes on meanwhile.
    assertThat(cluster.messagesSentBy(0) - before).isLessThan(200);
  }

  @Test
  void anAsyncPutArrives() {
    CacheOptions options = CacheOptions.of(Mode.REPLICATED).async();
    Cache<String, Integer> here = at(0, "async", options);
    Cache<String, Integer> there = at(1, "async", options);
    here.put("k", 1);
    Await.untilAsserted("the put", () -> assertThat(there.get("k")).isEqualTo(1));
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void aRenewalKeepsTheDeadlineAndRaisesNothing(Mode mode) {
    CacheOptions options = CacheOptions.of(mode);
    Cache<String, Integer> cache = at(0, "renew", options);
    List<CacheEvent<String, Integer>> events = new CopyOnWriteArrayList<>();
    cache.listen(events::add, CacheEvent.Type.CREATED, CacheEvent.Type.UPDATED);
    cache.put("k", 1, Expiry.ttl(SECOND.multipliedBy(20)).idle(SECOND.multipliedBy(8)));
    for (int i = 0; i < 6; i++) {
      cluster.tick(SECOND.multipliedBy(3));
      assertThat(cache.get("k")).isEqualTo(1);
      cluster.settle();
    }
    cluster.tick(SECOND.multipliedBy(2));
    assertThat(cache.get("k")).isNull();
    cache.put("last", 2);
    Await.untilAsserted(
        "the events",
        () -> assertThat(events).extracting(CacheEvent::key).containsExactly("k", "last"));
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void aRenewalNeverBringsBackNorOverwrites(Mode mode) {
    Store store = cluster.node(0).stores().open("late-" + mode, CacheOptions.of(mode));
    Versions versions = new Versions();
    Envelope old =
        Envelope.ofValue(versions.next(), 1).expiring(Envelope.NEVER, 8000, cluster.now());
    store.put("removed", old);
    store.put("changed", old);
    var unused = store.remove("removed");
    Envelope now = Envelope.ofValue(versions.next(), 2);
    store.put("changed", now);
    store.renew("removed", old);
    store.renew("changed", old);
    assertThat(store.get("removed")).isNull();
    assertThat(store.get("changed")).isEqualTo(now);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void everyMemberHearsWhatAnyMemberChanges(Mode mode) {
    List<List<CacheEvent<String, Integer>>> heard = new ArrayList<>();
    List<Registration> registrations = new ArrayList<>();
    for (int member = 0; member < 3; member++) {
      List<CacheEvent<String, Integer>> events = new CopyOnWriteArrayList<>();
      Cache<String, Integer> cache = at(member, "events", mode);
      registrations.add(cache.listen(events::add));
      heard.add(events);
    }
    Cache<String, Integer> writer = at(1, "events", mode);
    writer.put("k", 1);
    writer.put("k", 2);
    writer.remove("k");
    writer.put("ttl", 3, Expiry.ttl(SECOND));
    cluster.tick(SECOND);
    assertThat(writer.get("ttl")).isNull();
    for (List<CacheEvent<String, Integer>> events : heard) {
      Await.untilAsserted(
          "the events",
          () ->
              assertThat(events)
                  .extracting(event -> event.type() + " " + event.key() + " " + event.value())
                  .containsExactly(
                      "CREATED k 1",
                      "UPDATED k 2",
                      "REMOVED k 2",
                      "CREATED ttl 3",
                      "EXPIRED ttl 3"));
      assertThat(events.get(2).oldValue()).isEqualTo(2);
      assertThat(events.get(1).oldValue()).isIn(mode == Mode.REPLICATED ? 1 : null, 1);
    }
    registrations.forEach(Registration::close);
    writer.put("unheard", 4);
    assertThat(heard).allSatisfy(events -> assertThat(events).hasSize(5));
  }

  @Test
  void aListenerHearsOnlyTheTypesItAskedFor() {
    Cache<String, Integer> cache = at(0, "types", Mode.REPLICATED);
    List<CacheEvent<String, Integer>> events = new CopyOnWriteArrayList<>();
    cache.listen(events::add, CacheEvent.Type.REMOVED);
    cache.put("k", 1);
    cache.put("k", 2);
    cache.remove("k");
    Await.untilAsserted(
        "the removal",
        () ->
            assertThat(events)
                .extracting(CacheEvent::type)
                .containsExactly(CacheEvent.Type.REMOVED));
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void aFullCacheRefusesNewKeysAndTakesOldOnes(Mode mode) {
    CacheOptions options = CacheOptions.of(mode).maxEntries(10).whenFull(WhenFull.REFUSE);
    Cache<Integer, String> cache = at(1, "refuse", options);
    int stored = 0;
    CacheFullException refusal = null;
    while (refusal == null && stored < 100) {
      try {
        cache.put(stored, "v");
        stored++;
      } catch (CacheFullException e) {
        refusal = e;
      }
    }
    assertThat(refusal)
        .isNotNull()
        .hasMessageContaining("refuse-" + mode)
        .hasMessageContaining("maxEntries=10");
    assertThat(stored).isBetween(10, 20);
    assertThat(cache.get(stored)).isNull();
    cache.put(0, "again");
    assertThat(cache.get(0)).isEqualTo("again");
    cache.clear();
    cache.put(stored, "room");
    assertThat(cache.get(stored)).isEqualTo("room");
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void aFullCacheEvictsOnEachMember(Mode mode) {
    CacheOptions options = CacheOptions.of(mode).maxEntries(256);
    Cache<Integer, String> cache = at(0, "evict", options);
    List<CacheEvent<Integer, String>> events = new CopyOnWriteArrayList<>();
    cache.listen(events::add, CacheEvent.Type.EVICTED);
    for (int i = 0; i < 2000; i++) {
      cache.put(i, "v");
    }
    Store store = cluster.node(0).stores().open("evict-" + mode, options);
    Await.untilAsserted(
        "eviction",
        () -> {
          try (Stream<Map.Entry<Object, Envelope>> entries = store.localEntries()) {
            assertThat(entries.count()).isBetween(1L, 512L);
          }
          assertThat(cache.stats().evictions()).isPositive();
          assertThat(events).isNotEmpty();
        });
  }

  @Test
  void aValueIsEncodedOnceAndDecodedOncePerMember() {
    Cache<String, List<Integer>> here = at(0, "once", Mode.REPLICATED);
    Cache<String, List<Integer>> there = at(1, "once", Mode.REPLICATED);
    int encodings = codec.encodings.get();
    here.put("k", new ArrayList<>(List.of(1)));
    assertThat(codec.encodings.get() - encodings).as("key and value").isEqualTo(2);
    int decodings = codec.decodings.get();
    List<Integer> first = there.get("k");
    assertThat(codec.decodings.get() - decodings).as("key and value").isLessThanOrEqualTo(2);
    assertThat(there.get("k")).isSameAs(first);
    assertThat(codec.decodings.get() - decodings).isLessThanOrEqualTo(2);
    assertThat(codec.encodings.get() - encodings).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  void whatMayNotCrossIsRefusedBeforeAnythingChanges(Mode mode) {
    Cache<Object, Object> cache = at(0, "refused", mode);
    cache.put("k", "before");
    assertThatThrownBy(() -> cache.put("k", new Object()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("java.lang.Object");
    assertThat(cache.get("k")).isEqualTo("before");
    assertThatThrownBy(() -> cache.put(Thread.currentThread(), "v"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  void closingEndsAHandleAndDestroyingTheCache(Mode mode) {
    Cache<String, Integer> first = at(0, "end", mode);
    Cache<String, Integer> second = at(0, "end", mode);
    Cache<String, Integer> elsewhere = at(1, "end", mode);
    first.put("k", 1);
    first.close();
    first.close();
    assertThatThrownBy(() -> first.get("k"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("end-" + mode)
        .hasMessageContaining("closed");
    assertThat(second.get("k")).isEqualTo(1);
    elsewhere.destroy();
    assertThatThrownBy(() -> second.get("k"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("end-" + mode);
    assertThat(cluster.caches(2).names()).doesNotContain("end-" + mode);
    Cache<String, Integer> again = at(2, "end", CacheOptions.of(mode).timeToLive(SECOND));
    assertThat(again.get("k")).isNull();
    again.put("k", 2);
    assertThat(again.get("k")).isEqualTo(2);
    again.destroy();
  }

  @Test
  @SuppressWarnings("NullAway") // what a caller without the checker may do
  void nullsAreRefusedByName() {
    Cache<String, Integer> cache = at(0, "null", Mode.REPLICATED);
    assertThatThrownBy(() -> cache.get(null)).hasMessage("key");
    assertThatThrownBy(() -> cache.put("k", null)).hasMessage("value");
    assertThatThrownBy(() -> cache.replace("k", null, 1)).hasMessage("expected");
    assertThatThrownBy(() -> cache.putIfAbsent(null, 1)).hasMessage("key");
    assertThat(cache.size()).isZero();
  }
}
