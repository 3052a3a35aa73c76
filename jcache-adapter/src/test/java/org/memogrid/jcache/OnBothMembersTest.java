/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.cache.configuration.FactoryBuilder;
import javax.cache.configuration.MutableConfiguration;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.integration.CacheWriter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;

/** Options, policies, loads, processors and counts, from both of two JVMs. */
class OnBothMembersTest extends OnTwoJvms {
  /** Kinds of caches; they are made in the members' JVMs. */
  enum Kind {
    TIME_TO_LIVE {
      @Override
      CacheOptions options(Mode mode) {
        return super.options(mode).timeToLive(Duration.ofMillis(800));
      }
    },
    MAX_IDLE {
      @Override
      CacheOptions options(Mode mode) {
        return super.options(mode).maxIdle(Duration.ofSeconds(4));
      }
    },
    ONE_OWNER {
      @Override
      CacheOptions options(Mode mode) {
        return super.options(mode).owners(1).maxEntries(10);
      }
    },
    UPDATE_ENDS {
      @Override
      @Nullable ExpiryPolicy policy() {
        return new Asked(null, javax.cache.expiry.Duration.ZERO);
      }
    },
    ACCESS_ENDS {
      @Override
      @Nullable ExpiryPolicy policy() {
        return new Asked(javax.cache.expiry.Duration.ZERO, null);
      }
    },
    ACCESS_PROLONGS {
      @Override
      @Nullable ExpiryPolicy policy() {
        return new Asked(javax.cache.expiry.Duration.ONE_HOUR, null);
      }
    };

    CacheOptions options(Mode mode) {
      return CacheOptions.of(mode);
    }

    @Nullable ExpiryPolicy policy() {
      return null;
    }

    final void create(NodeContext there, String name, Mode mode) {
      MemogridConfiguration<String, Integer> configuration =
          new MemogridConfiguration<>(options(mode));
      configuration.setTypes(String.class, Integer.class).setStatisticsEnabled(true);
      ExpiryPolicy policy = policy();
      if (policy != null) {
        configuration.setExpiryPolicyFactory(() -> policy);
      }
      Peer.RUNS.set(0);
      var unused = Peer.manager(there).createCache(name, configuration);
    }
  }

  /** A minute at first, then as it is told; counts the questions that follow the first. */
  private record Asked(
      javax.cache.expiry.@Nullable Duration access, javax.cache.expiry.@Nullable Duration update)
      implements ExpiryPolicy {
    @Override
    public javax.cache.expiry.Duration getExpiryForCreation() {
      return javax.cache.expiry.Duration.ONE_MINUTE;
    }

    @Override
    public javax.cache.expiry.@Nullable Duration getExpiryForAccess() {
      Peer.RUNS.incrementAndGet();
      return access;
    }

    @Override
    public javax.cache.expiry.@Nullable Duration getExpiryForUpdate() {
      Peer.RUNS.incrementAndGet();
      return update;
    }
  }

  private static String create(Kind kind, Mode mode) {
    String name = kind + "-" + mode;
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> kind.create(there, name, mode));
    }
    return name;
  }

  private static boolean has(NodeProcess node, String name, String key) {
    return node.call(there -> Peer.cache(there, name).containsKey(key));
  }

  private static List<Integer> asked() {
    return List.of(a.call(there -> Peer.RUNS.get()), b.call(there -> Peer.RUNS.get()));
  }

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void theTimeToLiveOfTheOptionsEndsAnEntryOnBothMembers(Mode mode) {
    String name = create(Kind.TIME_TO_LIVE, mode);
    long before = System.nanoTime();
    put(a, name, "k", 1);
    Integer there = get(b, name, "k");
    if (System.nanoTime() - before < 500_000_000) {
      assertThat(there).isEqualTo(1);
    }
    Await.until("it is over on b", () -> !has(b, name, "k"));
    assertThat(has(a, name, "k")).isFalse();
    assertThat(System.nanoTime() - before).isGreaterThan(700_000_000);
  }

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void theIdleTimeOfTheOptionsEndsWhatNobodyReadsAndNotWhatTheOtherMemberReads(Mode mode) {
    String name = create(Kind.MAX_IDLE, mode);
    put(a, name, "read", 1);
    put(a, name, "left", 2);
    long[] last = {System.nanoTime(), 0};
    Await.until(
        "what nobody reads is over on both",
        () -> {
          var unused = get(b, name, "read");
          long now = System.nanoTime();
          last[1] = Math.max(last[1], now - last[0]);
          last[0] = now;
          return !has(a, name, "left") && !has(b, name, "left");
        });
    if (last[1] < TimeUnit.SECONDS.toNanos(2)) { // else this test itself was idle
      assertThat(List.of(has(a, name, "read"), has(b, name, "read"))).containsOnly(true);
    }
  }

  /** On one owner each, so that every entry lives, and is evicted, on one member alone. */
  @Test
  void ownersAndLimitsAreThoseOfTheOptionsAndEvictionsCountWhereTheEntryLived() {
    String name = create(Kind.ONE_OWNER, Mode.DISTRIBUTED);
    int puts = 200;
    a.run(
        there -> {
          for (int i = 0; i < puts; i++) {
            Peer.cache(there, name).put("k" + i, i);
          }
        });
    int owners =
        a.call(
            there -> {
              org.memogrid.cache.Cache<?, ?> own =
                  Peer.cache(there, name).unwrap(org.memogrid.cache.Cache.class);
              return owners(own, "k1");
            });
    assertThat(owners).isEqualTo(1);
    Await.until(
        "what was evicted is counted",
        () -> evictions(a, name) + held(a, name) + evictions(b, name) + held(b, name) == puts);
    for (NodeProcess each : cluster.nodes()) {
      assertThat(held(each, name)).isBetween(1L, 10L);
      assertThat(evictions(each, name)).isPositive();
    }
  }

  @SuppressWarnings("unchecked") // the test's own keys
  private static int owners(org.memogrid.cache.Cache<?, ?> cache, String key) {
    return ((org.memogrid.cache.Cache<String, Integer>) cache).owners(key).size();
  }

  private static long evictions(NodeProcess node, String name) {
    return node.call(there -> Peer.statistics(there, name).getCacheEvictions());
  }

  private static long held(NodeProcess node, String name) {
    return node.call(
        there ->
            Peer.cache(there, name).unwrap(GridCache.class).parts().store().localEntries().count());
  }

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void removalsCountWhereTheyAreCalled(Mode mode) {
    String name = "removals-" + mode;
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.create(there, name, mode));
    }
    for (int i = 0; i < 10; i++) {
      String key = "k" + i;
      put(a, name, key, i);
      b.run(there -> Peer.cache(there, name).remove(key));
    }
    long ofA = a.call(there -> Peer.statistics(there, name).getCacheRemovals());
    long ofB = b.call(there -> Peer.statistics(there, name).getCacheRemovals());
    assertThat(List.of(ofA, ofB)).containsExactly(0L, 10L);
  }

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void theUpdatePolicyOfTheMemberThatDidNotCreateTheEntryDecides(Mode mode) {
    String name = create(Kind.UPDATE_ENDS, mode);
    put(a, name, "k", 1);
    assertThat(has(b, name, "k")).isTrue();
    put(b, name, "k", 2);
    assertThat(List.of(has(a, name, "k"), has(b, name, "k"))).containsOnly(false);
    assertThat(asked()).containsExactly(0, 1);
  }

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void theAccessPolicyOfTheMemberThatDidNotCreateTheEntryEndsIt(Mode mode) {
    String name = create(Kind.ACCESS_ENDS, mode);
    put(a, name, "k", 1);
    assertThat(get(b, name, "k")).isEqualTo(1);
    assertThat(List.of(has(a, name, "k"), has(b, name, "k"))).containsOnly(false);
    assertThat(asked()).containsExactly(0, 1);
  }

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void theAccessPolicyOfTheMemberThatDidNotCreateTheEntryProlongsItEverywhere(Mode mode) {
    String name = create(Kind.ACCESS_PROLONGS, mode);
    put(a, name, "k", 1);
    assertThat(get(b, name, "k")).isEqualTo(1);
    for (NodeProcess each : cluster.nodes()) {
      Await.until("it lives for an hour", () -> minutesLeft(each, name) > 30);
    }
    assertThat(asked()).containsExactly(0, 1);
  }

  private static long minutesLeft(NodeProcess node, String name) {
    long expiresAt =
        node.call(
            there ->
                Objects.requireNonNull(
                        Peer.cache(there, name).unwrap(GridCache.class).parts().store().get("k"))
                    .expiresAt());
    return TimeUnit.MILLISECONDS.toMinutes(expiresAt - System.currentTimeMillis());
  }

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void aProcessorThatIsOvertakenOnceRunsTwice(Mode mode) {
    String name = "overtaken-" + mode;
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.create(there, name, mode));
    }
    a.run(there -> Peer.ANSWER.drainPermits());
    a.run(there -> Peer.RUNS.set(0));
    put(a, name, "k", 1);
    CompletableFuture<Integer> processed =
        a.callAsync(
            there ->
                Peer.cache(there, name)
                    .<Integer>invoke(
                        "k",
                        (entry, arguments) -> {
                          int next = entry.getValue() + 1;
                          if (Peer.RUNS.incrementAndGet() == 1) {
                            Peer.ANSWER.acquireUninterruptibly();
                          }
                          entry.setValue(next);
                          return next;
                        }));
    Await.until("it runs", () -> a.<Integer>call(there -> Peer.RUNS.get()) == 1);

    put(b, name, "k", 10);
    a.run(there -> Peer.ANSWER.release());

    assertThat(processed.join()).isEqualTo(11);
    assertThat(get(b, name, "k")).isEqualTo(11);
    assertThat(a.<Integer>call(there -> Peer.RUNS.get())).isEqualTo(2);
  }

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void twoMembersThatMissAKeyBothLoadItAndReadOneValue(Mode mode) {
    String name = "missed-" + mode;
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.createLoading(there, name, mode));
      each.run(there -> Peer.ANSWER.drainPermits());
      each.run(there -> Peer.RUNS.set(0));
    }
    List<CompletableFuture<Integer>> loads =
        cluster.nodes().stream()
            .map(each -> each.<Integer>callAsync(there -> Peer.cache(there, name).get("k")))
            .toList();
    Await.until("both ask", () -> asked().equals(List.of(1, 1)));
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.ANSWER.release());
    }
    assertThat(loads).extracting(CompletableFuture::join).containsOnly(1);
    assertThat(List.of(get(a, name, "k"), get(b, name, "k"))).containsOnly(1);
    assertThat(asked()).containsExactly(1, 1);
  }

  /** On no allow list. */
  record Unlisted(int value) {}

  /** Counts what it is told. */
  public static final class Told implements CacheWriter<Object, Object> {
    @Override
    public void write(javax.cache.Cache.Entry<?, ?> entry) {
      Peer.RUNS.incrementAndGet();
    }

    @Override
    public void writeAll(java.util.Collection<javax.cache.Cache.Entry<?, ?>> entries) {
      Peer.RUNS.incrementAndGet();
    }

    @Override
    public void delete(Object key) {}

    @Override
    public void deleteAll(java.util.Collection<?> keys) {}
  }

  @Test
  void aClassThatIsNotListedIsRefusedBeforeTheWriterIsTold() {
    String said =
        a.call(
            there -> {
              Peer.RUNS.set(0);
              javax.cache.Cache<Object, Object> cache =
                  Peer.manager(there)
                      .createCache(
                          "unlisted",
                          new MemogridConfiguration<>(
                              new MutableConfiguration<Object, Object>()
                                  .setWriteThrough(true)
                                  .setCacheWriterFactory(FactoryBuilder.factoryOf(Told.class)),
                              CacheOptions.of(Mode.DISTRIBUTED)));
              try {
                cache.put("k", new Unlisted(1));
                return "nothing";
              } catch (IllegalArgumentException e) {
                return String.valueOf(e.getMessage()) + " " + cache.containsKey("k");
              }
            });
    assertThat(said).contains(Unlisted.class.getName()).endsWith(" false");
    assertThat(a.<Integer>call(there -> Peer.RUNS.get())).isZero();
  }
}
