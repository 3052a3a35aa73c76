/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import javax.cache.Cache;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.Duration;
import javax.cache.processor.EntryProcessor;
import javax.cache.processor.MutableEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeProcess;

/**
 * What the JSR leaves to a cluster, on two JVMs: who hears, who counts, who runs and who decides.
 * Each test is a line of docs/guarantees.md.
 */
class TwoMembersTest extends OnTwoJvms {
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void aCacheIsOneOnAllMembers(Mode mode) {
    String name = "one-" + mode;
    createOnBoth(name, mode);
    for (int i = 0; i < 20; i++) {
      put(i % 2 == 0 ? a : b, name, "k" + i, i);
    }
    for (int i = 0; i < 20; i++) {
      assertThat(get(a, name, "k" + i)).isEqualTo(i);
      assertThat(get(b, name, "k" + i)).isEqualTo(i);
    }
  }

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void listenersHearTheirOwnMemberAtOnceAndOthersLaterEachEventOnce(Mode mode) {
    String name = "heard-" + mode;
    createOnBoth(name, mode);
    a.run(there -> Peer.listen(there, name, true));
    b.run(there -> Peer.listen(there, name, true));

    for (int i = 0; i < 10; i++) {
      String key = "k" + i;
      List<String> atOnce =
          a.call(
              there -> {
                Cache<String, Integer> cache = Peer.cache(there, name);
                cache.put(key, 1);
                cache.put(key, 2);
                return Peer.heard();
              });
      assertThat(atOnce).contains("CREATED " + key + " 1", "UPDATED " + key + " 2");
      b.run(there -> Peer.cache(there, name).remove(key));
    }
    for (NodeProcess each : List.of(a, b)) {
      Await.until("30 events on " + each, () -> each.call(there -> Peer.heard()).size() >= 30);
      List<String> heard = each.call(there -> Peer.heard());
      assertThat(heard).doesNotHaveDuplicates().hasSize(30);
      assertThat(heard).contains("REMOVED k3 2");
    }
  }

  @Test
  void statisticsCountTheCallsOfTheirOwnMember() {
    createOnBoth("counted", Mode.DISTRIBUTED);
    put(a, "counted", "k", 1);
    assertThat(get(b, "counted", "k")).isEqualTo(1);
    assertThat(get(b, "counted", "none")).isNull();

    assertThat(
            List.of(
                a.call(there -> Peer.statistics(there, "counted").getCachePuts()),
                a.call(there -> Peer.statistics(there, "counted").getCacheGets()),
                b.call(there -> Peer.statistics(there, "counted").getCachePuts()),
                b.call(there -> Peer.statistics(there, "counted").getCacheHits()),
                b.call(there -> Peer.statistics(there, "counted").getCacheMisses())))
        .containsExactly(1L, 0L, 0L, 1L, 1L);
  }

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void aProcessorRunsOnItsCallerAndAgainIfAnotherMemberWasFasterNeverLosingAStep(Mode mode) {
    String name = "processed-" + mode;
    createOnBoth(name, mode);
    int each = 100;
    List<CompletableFuture<Integer>> both =
        List.of(a, b).stream().map(node -> increment(node, name, each)).toList();
    int runs = both.stream().mapToInt(CompletableFuture::join).sum();

    assertThat(get(a, name, "n")).isEqualTo(2 * each);
    assertThat(runs).isGreaterThanOrEqualTo(2 * each);
  }

  /** Answers how often the processor ran there. */
  private static CompletableFuture<Integer> increment(NodeProcess node, String name, int times) {
    return node.callAsync(
        there -> {
          Peer.RUNS.set(0);
          EntryProcessor<String, Integer, String> increments =
              (entry, arguments) -> {
                Peer.RUNS.incrementAndGet();
                entry.setValue(entry.exists() ? entry.getValue() + 1 : 1);
                return "";
              };
          for (int i = 0; i < times; i++) {
            var unused = Peer.cache(there, name).invoke("n", increments);
          }
          return Peer.RUNS.get();
        });
  }

  /** B's policy lets nothing live, and says nothing about what A has put. */
  @Test
  void thePolicyOfTheMemberThatCallsDecides() {
    a.run(there -> Peer.create(there, "lives", Mode.REPLICATED));
    b.run(
        there ->
            Peer.manager(there)
                .createCache(
                    "lives",
                    new MemogridConfiguration<String, Integer>(Mode.REPLICATED)
                        .setTypes(String.class, Integer.class)
                        .setExpiryPolicyFactory(CreatedExpiryPolicy.factoryOf(Duration.ZERO))));
    put(a, "lives", "of a", 1);
    put(b, "lives", "of b", 2);

    assertThat(get(b, "lives", "of a")).isEqualTo(1);
    assertThat(get(a, "lives", "of b")).isNull();
  }

  @Test
  void thePolicyIsAskedOnceByTheCallerAndTheDeadlineHoldsOnAllMembers() {
    for (NodeProcess each : List.of(a, b)) {
      each.run(there -> Peer.createShortLived(there, "short"));
    }
    b.run(there -> Peer.listen(there, "short", true));
    long before = System.nanoTime();
    put(a, "short", "k", 1);

    Integer there = get(b, "short", "k");
    if (System.nanoTime() - before < 500_000_000) {
      assertThat(there).isEqualTo(1);
    }
    Await.until("it is over on b", () -> get(b, "short", "k") == null);
    assertThat(get(a, "short", "k")).isNull();
    Await.until("b hears of it", () -> b.call(at -> Peer.heard()).contains("EXPIRED k 1"));
    assertThat(List.of(a.call(at -> Peer.RUNS.get()), b.call(at -> Peer.RUNS.get())))
        .as("how often each member's policy was asked")
        .containsExactly(1, 0);
    assertThat(heard(b)).containsOnlyOnce("EXPIRED k 1");
  }

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void aProcessorThatNobodyDisturbsRunsOnceAndOnItsCallerAlone(Mode mode) {
    String name = "alone-" + mode;
    createOnBoth(name, mode);
    for (NodeProcess each : List.of(a, b)) {
      each.run(there -> Peer.RUNS.set(0));
    }
    for (int i = 0; i < 20; i++) {
      String key = "k" + i;
      a.run(
          there -> {
            var unused =
                Peer.cache(there, name)
                    .invoke(
                        key,
                        (entry, arguments) -> {
                          entry.setValue(Peer.RUNS.incrementAndGet());
                          return "";
                        });
          });
      assertThat(get(b, name, key)).isEqualTo(i + 1);
    }
    assertThat(List.of(a.call(there -> Peer.RUNS.get()), b.call(there -> Peer.RUNS.get())))
        .containsExactly(20, 0);
  }

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void aClearIsNoEventHereAndARemovalOfEachEntryThere(Mode mode) {
    String name = "cleared-" + mode;
    createOnBoth(name, mode);
    for (int i = 0; i < 10; i++) {
      put(a, name, "k" + i, i);
    }
    a.run(there -> Peer.listen(there, name, true));
    b.run(there -> Peer.listen(there, name, true));

    a.run(there -> Peer.cache(there, name).clear());
    a.run(there -> Peer.cache(there, name).put("last", 1));

    Await.until("all is heard", () -> b.call(there -> Peer.heard()).size() >= 11);
    assertThat(heard(b)).hasSize(11).doesNotHaveDuplicates();
    assertThat(heard(a)).containsExactly("CREATED last 1");
  }

  @Test
  void otherOptionsAreRefusedOnTheSecondMemberByAnErrorThatShowsBoth() {
    a.run(there -> Peer.create(there, "options", Mode.REPLICATED));
    assertThatThrownBy(() -> b.run(there -> Peer.create(there, "options", Mode.DISTRIBUTED)))
        .hasMessageContaining("'options' could not be created")
        .hasMessageContaining("REPLICATED")
        .hasMessageContaining("DISTRIBUTED");
    boolean none = b.call(there -> Peer.manager(there).getCache("options") == null);
    assertThat(none).isTrue();
  }

  @Test
  void closingLeavesTheDataAndDestroyingTakesThemFromAll() {
    createOnBoth("ended", Mode.DISTRIBUTED);
    put(a, "ended", "k", 1);
    a.run(there -> Peer.cache(there, "ended").close());
    assertThat(get(b, "ended", "k")).isEqualTo(1);
    a.run(there -> Peer.create(there, "ended", Mode.DISTRIBUTED));
    assertThat(get(a, "ended", "k")).isEqualTo(1);

    a.run(there -> Peer.manager(there).destroyCache("ended"));
    Await.until(
        "the cache is gone on b",
        () -> b.call(there -> Peer.manager(there).getCache("ended") == null));
  }

  @Test
  void whatAnotherMemberDestroyedIsNoNameHereAnyMore() {
    createOnBoth("gone", Mode.DISTRIBUTED);
    a.run(there -> Peer.manager(there).destroyCache("gone"));
    Await.until("its name is gone on b", () -> !names(b).contains("gone"));
  }

  private static List<String> names(NodeProcess node) {
    return node.call(
        there -> {
          List<String> names = new ArrayList<>();
          Peer.manager(there).getCacheNames().forEach(names::add);
          return names;
        });
  }

  @Test
  void byReferenceIsTheWritersOwnObjectOnItsMemberAndAnEqualOneElsewhere() {
    for (NodeProcess each : List.of(a, b)) {
      each.run(
          there -> {
            var unused =
                Peer.manager(there)
                    .createCache(
                        "referred",
                        new MemogridConfiguration<>(
                            new MutableConfiguration<String, List<Integer>>()
                                .setStoreByValue(false),
                            org.memogrid.cache.CacheOptions.of(Mode.REPLICATED)));
          });
    }
    boolean same =
        a.call(
            there -> {
              List<Integer> mine = new ArrayList<>(List.of(1, 2));
              Cache<String, List<Integer>> cache = Peer.manager(there).getCache("referred");
              cache.put("k", mine);
              return cache.get("k") == mine;
            });
    assertThat(same).isTrue();
    boolean shared =
        b.call(
            there -> {
              Cache<String, List<Integer>> cache = Peer.manager(there).getCache("referred");
              List<Integer> first = cache.get("k");
              return first.equals(List.of(1, 2)) && first == cache.get("k");
            });
    assertThat(shared).isTrue();
  }

  @Test
  void whatOneMemberPutIsInvalidatedOnTheOther() {
    createOnBoth("invalidated", Mode.INVALIDATED);
    put(a, "invalidated", "k", 1);
    assertThat(get(b, "invalidated", "k")).isNull();
    put(b, "invalidated", "k", 2);
    assertThat(get(a, "invalidated", "k")).isNull();
    assertThat(get(b, "invalidated", "k")).isEqualTo(2);
  }

  /** How a member can take an entry away. */
  enum Removal {
    REMOVE {
      @Override
      void by(Cache<String, Integer> cache) {
        cache.remove("k");
      }
    },
    GET_AND_REMOVE {
      @Override
      void by(Cache<String, Integer> cache) {
        cache.getAndRemove("k");
      }
    },
    REMOVE_KEYS {
      @Override
      void by(Cache<String, Integer> cache) {
        cache.removeAll(Set.of("k"));
      }
    },
    REMOVE_ALL {
      @Override
      void by(Cache<String, Integer> cache) {
        cache.removeAll();
      }
    },
    PROCESSOR {
      @Override
      void by(Cache<String, Integer> cache) {
        var unused = cache.invoke("k", (entry, arguments) -> remove(entry));
      }
    },
    PROCESSOR_THAT_SET {
      @Override
      void by(Cache<String, Integer> cache) {
        var unused =
            cache.invoke(
                "k",
                (entry, arguments) -> {
                  entry.setValue(2);
                  return remove(entry);
                });
      }
    },
    NO_LIFE {
      @Override
      void by(Cache<String, Integer> cache) {
        cache.put("k", 2);
      }
    };

    abstract void by(Cache<String, Integer> cache);

    private static String remove(MutableEntry<String, Integer> entry) {
      entry.remove();
      return "";
    }
  }

  /** A holds the only copy; B, which knows of none, removes the key. */
  @EnumSource
  @ParameterizedTest
  void aRemovalReachesAllMembersThoughNoEntryIsHere(Removal removal) {
    String name = "removed-" + removal;
    a.run(there -> Peer.create(there, name, Mode.INVALIDATED));
    b.run(
        there ->
            Peer.manager(there)
                .createCache(
                    name,
                    new MemogridConfiguration<String, Integer>(Mode.INVALIDATED)
                        .setTypes(String.class, Integer.class)
                        .setExpiryPolicyFactory(CreatedExpiryPolicy.factoryOf(Duration.ZERO))));
    put(a, name, "k", 1);
    assertThat(get(a, name, "k")).isEqualTo(1);

    b.run(there -> removal.by(Peer.cache(there, name)));

    assertThat(get(a, name, "k")).isNull();
  }
}
