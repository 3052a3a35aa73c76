/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheFullException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.CacheStats;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.FencedException;
import org.memogrid.cache.FencingToken;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.internal.engine.LocalStores;
import org.memogrid.internal.engine.SerialCodec;
import org.memogrid.internal.engine.Ticks;
import org.memogrid.internal.store.Conditional;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;
import org.memogrid.testkit.Await;

/** The cache's policy on the store of one process. */
final class LocalCacheTest {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final CacheOptions LOCAL = CacheOptions.of(Mode.LOCAL);

  private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(2);
  private final Ticks clock = new Ticks();
  private final Caches caches =
      new Caches(
          new LocalStores(new Member("alone", "1"), clock, threads),
          Mode.LOCAL,
          new SerialCodec(),
          clock,
          threads,
          threads);

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  void aValueIsServedForItsTimeToLiveAndNotLonger() {
    Cache<String, Integer> cache = caches.cache("c", LOCAL.timeToLive(SECOND.multipliedBy(2)));
    cache.put("options", 1);
    cache.put("own", 2, Expiry.ttl(SECOND.multipliedBy(5)));
    cache.put("never", 3, Expiry.NEVER);
    clock.tick(SECOND.multipliedBy(2).minusMillis(1));
    assertThat(cache.get("options")).isEqualTo(1);
    clock.tick(Duration.ofMillis(1));
    assertThat(cache.get("options")).isNull();
    assertThat(cache.containsKey("options")).isFalse();
    assertThat(cache.size()).isEqualTo(2);
    assertThat(cache.putIfAbsent("options", 4)).isNull();
    clock.tick(SECOND.multipliedBy(3));
    assertThat(cache.asMap()).isEqualTo(Map.of("never", 3));
    assertThat(cache.stats().expirations()).isPositive();
  }

  @Test
  void aKeyThatIsAskedForTwiceIsCountedOnce() {
    Cache<String, Integer> cache = caches.cache("c", LOCAL);
    cache.put("a", 1);
    assertThat(cache.getAll(List.of("a", "a", "none", "none"))).isEqualTo(Map.of("a", 1));
    assertThat(cache.stats().hits()).isEqualTo(1);
    assertThat(cache.stats().misses()).isEqualTo(1);
  }

  @Test
  void whatWasDestroyedIsForgotten() {
    for (int i = 0; i < 20; i++) {
      caches.cache("c" + i, LOCAL).destroy();
    }
    assertThat(caches.cache("last", LOCAL).size()).isZero();
    assertThat(caches.known()).isEqualTo(1);
  }

  /** As a fenced write of a new key leaves them. */
  @Test
  void aPlaceThatIsHeldIsNoEntry() {
    Cache<String, Integer> cache = caches.cache("c", LOCAL);
    List<CacheEvent<String, Integer>> heard = new CopyOnWriteArrayList<>();
    cache.listen(heard::add);
    Store store = cache.unwrap(Store.class);
    Versions versions = new Versions();
    long now = clock.millis();
    Envelope refused = Envelope.tombstone(versions.next()).expiring(now + 1_000, 0, now);
    assertThat(store.putIfAbsent("refused", refused)).isNull();
    Envelope place = Envelope.tombstone(versions.next()).expiring(now + 1_000, 0, now);
    assertThat(store.putIfAbsent("k", place)).isNull();
    store.put("left", Envelope.tombstone(versions.next()).expiring(now + 1_000, 0, now));
    assertThat(cache.size()).isZero();
    assertThat(store.remove("refused", refused)).isTrue();
    Envelope value = Envelope.ofValue(versions.next(), 1);
    assertThat(Conditional.swap(store, "k", place, value)).isTrue();
    clock.tick(SECOND.multipliedBy(2));
    assertThat(cache.get("left")).isNull();
    cache.remove("k");
    Await.untilAsserted(
        "the events of k alone",
        () ->
            assertThat(heard)
                .containsExactly(
                    new CacheEvent<>(CacheEvent.Type.CREATED, "k", 1, null),
                    new CacheEvent<>(CacheEvent.Type.REMOVED, "k", 1, 1)));
  }

  /**
   * 1. A new value takes the place of one that is over. 2. Meanwhile another thread asks for the
   * place that the old one had.
   */
  @Test
  void whatTakesTheLastPlaceOfAnotherKeepsIt() {
    Cache<String, Integer> cache =
        caches.cache("c", LOCAL.maxEntries(1).whenFull(WhenFull.REFUSE).timeToLive(SECOND));
    Store store = cache.unwrap(Store.class);
    List<String> ends = new CopyOnWriteArrayList<>();
    List<Boolean> refused = new CopyOnWriteArrayList<>();
    var unused =
        store.listen(
            (type, key, value, old) -> {
              ends.add((String) key);
              refused.add(isRefused(() -> cache.put("b", 2)));
            },
            Set.of(CacheEvent.Type.EXPIRED));
    cache.put("a", 1);
    clock.tick(SECOND);
    cache.put("a", 2);
    assertThat(refused).containsExactly(true);
    assertThat(cache.get("a")).isEqualTo(2);
    assertThat(ends).containsExactly("a");
    cache.remove("a");
    cache.put("c", 3);
    assertThat(isRefused(() -> cache.put("d", 4))).isTrue();
  }

  private boolean isRefused(Runnable write) {
    try {
      threads.submit(write).get(60, TimeUnit.SECONDS);
      return false;
    } catch (ExecutionException e) {
      assertThat(e.getCause()).isInstanceOf(CacheFullException.class);
      return true;
    } catch (InterruptedException | TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aWeigherThatFailsChangesNothingAndTellsNothing() {
    Cache<String, Integer> cache =
        caches.cache(
            "c",
            LOCAL.maxWeight(
                100,
                (String key, Integer value) -> {
                  if (value == 13) {
                    throw new IllegalStateException("unlucky");
                  }
                  return value;
                }));
    List<CacheEvent.Type> heard = new CopyOnWriteArrayList<>();
    var unused =
        cache
            .unwrap(Store.class)
            .listen((type, key, value, old) -> heard.add(type), Set.of(CacheEvent.Type.values()));
    assertThatThrownBy(() -> cache.put("a", 13)).hasMessage("unlucky");
    assertThatThrownBy(() -> cache.put("a", -1)).isInstanceOf(IllegalArgumentException.class);
    cache.put("a", 1);
    assertThatThrownBy(() -> cache.put("a", 13)).hasMessage("unlucky");
    assertThat(cache.get("a")).isEqualTo(1);
    assertThat(heard).containsExactly(CacheEvent.Type.CREATED);
  }

  @Test
  void theEndOfAnEntryForgetsNoTurn() {
    Cache<String, Integer> cache = caches.cache("c", LOCAL.timeToLive(SECOND));
    cache.putFenced("k", 1, new FencingToken("name", 2, "b"));
    clock.tick(SECOND.multipliedBy(3_600));
    assertThat(cache.get("k")).isNull();
    assertThatThrownBy(() -> cache.putFenced("k", 2, new FencingToken("name", 1, "a")))
        .isInstanceOf(FencedException.class);
  }

  @Test
  void anEntryLivesWhileItIsReadAndGoesBetweenIdleAndAQuarterMore() {
    Cache<String, Integer> cache = caches.cache("c", LOCAL.maxIdle(SECOND.multipliedBy(8)));
    cache.put("k", 1);
    for (int i = 0; i < 20; i++) {
      clock.tick(SECOND.multipliedBy(7));
      assertThat(cache.get("k")).isEqualTo(1);
    }
    clock.tick(SECOND.multipliedBy(8).minusMillis(1));
    assertThat(cache.containsKey("k")).isTrue();
    clock.tick(SECOND.multipliedBy(2).plusMillis(1));
    assertThat(cache.get("k")).isNull();
  }

  @Test
  void readingDoesNotMoveTheDeadline() {
    Cache<String, Integer> cache = caches.cache("c", LOCAL);
    cache.put("k", 1, Expiry.ttl(SECOND.multipliedBy(10)).idle(SECOND.multipliedBy(4)));
    for (int i = 0; i < 3; i++) {
      clock.tick(SECOND.multipliedBy(3));
      assertThat(cache.get("k")).isEqualTo(1);
    }
    clock.tick(SECOND);
    assertThat(cache.get("k")).isNull();
  }

  @Test
  void aFullCacheRefusesNewKeysAndTakesOldOnes() {
    Cache<Integer, String> cache =
        caches.cache("full", LOCAL.maxEntries(2).whenFull(WhenFull.REFUSE));
    cache.put(1, "a");
    cache.put(2, "b", Expiry.ttl(SECOND));
    assertThatThrownBy(() -> cache.put(3, "c"))
        .isInstanceOf(CacheFullException.class)
        .hasMessageContaining("'full'")
        .hasMessageContaining("maxEntries=2")
        .hasMessageContaining("whenFull(EVICT)");
    assertThatThrownBy(() -> cache.putIfAbsent(3, "c")).isInstanceOf(CacheFullException.class);
    cache.put(1, "aa");
    cache.remove(1);
    cache.put(3, "c");
    clock.tick(SECOND);
    assertThat(cache.get(2)).isNull();
    cache.put(4, "d");
    assertThat(cache.asMap()).isEqualTo(Map.of(3, "c", 4, "d"));
    assertThatThrownBy(() -> cache.put(5, "e")).isInstanceOf(CacheFullException.class);
    cache.clear();
    cache.put(5, "e");
    cache.put(6, "f");
    assertThatThrownBy(() -> cache.put(7, "g")).isInstanceOf(CacheFullException.class);
  }

  @Test
  void aFullCacheEvictsAndTells() {
    Cache<Integer, String> cache = caches.cache("c", LOCAL.maxEntries(10));
    List<CacheEvent<Integer, String>> events = new CopyOnWriteArrayList<>();
    cache.listen(events::add, CacheEvent.Type.EVICTED);
    for (int i = 0; i < 100; i++) {
      cache.put(i, "v");
    }
    assertThat(cache.size()).isEqualTo(10);
    assertThat(cache.stats().evictions()).isEqualTo(90);
    Await.until("all told", () -> events.size() == 90);
    assertThat(events).allMatch(event -> "v".equals(event.oldValue()));
  }

  /** What readers leave for others to do is under way at many of these writes. */
  @Test
  void aFullCacheHasEvictedWhenAWriteReturnsThoughItWasReadBefore() {
    Cache<Integer, String> cache = caches.cache("c", LOCAL.maxEntries(10));
    for (int i = 0; i < 20_000; i++) {
      for (int read = 0; read < 40; read++) {
        var unused = cache.get(i - 1 - read % 10);
      }
      cache.put(i, "v");
      assertThat(cache.size()).as("after write %s", i).isLessThanOrEqualTo(10);
    }
  }

  @Test
  void weightIsTheUsersMeasure() {
    Cache<Integer, String> cache =
        caches.cache("c", LOCAL.maxWeight(10, (Integer key, String value) -> value.length()));
    cache.put(1, "12345");
    cache.put(2, "12345");
    cache.put(3, "12345");
    assertThat(cache.entries().mapToInt(entry -> entry.getValue().length()).sum())
        .isLessThanOrEqualTo(10);
    assertThat(cache.stats().evictions()).isPositive();
  }

  @Test
  void listenersHearInOrderAndNeverBreakNorDelayAWriter() {
    Cache<String, Integer> cache = caches.cache("c", LOCAL);
    List<CacheEvent<String, Integer>> events = new CopyOnWriteArrayList<>();
    CountDownLatch held = new CountDownLatch(1);
    AtomicBoolean first = new AtomicBoolean(true);
    Registration registration =
        cache.listen(
            event -> {
              if (first.getAndSet(false)) {
                awaitQuietly(held);
              }
              events.add(event);
              throw new IllegalStateException("listeners may fail");
            });
    cache.put("k", 1);
    cache.put("k", 2);
    cache.replace("k", 2, 3);
    cache.remove("k");
    cache.put("ttl", 4, Expiry.ttl(SECOND));
    clock.tick(SECOND);
    assertThat(cache.get("ttl")).isNull();
    assertThat(events).isEmpty();
    held.countDown();
    Await.untilAsserted(
        "the events",
        () ->
            assertThat(events)
                .containsExactly(
                    new CacheEvent<>(CacheEvent.Type.CREATED, "k", 1, null),
                    new CacheEvent<>(CacheEvent.Type.UPDATED, "k", 2, 1),
                    new CacheEvent<>(CacheEvent.Type.UPDATED, "k", 3, 2),
                    new CacheEvent<>(CacheEvent.Type.REMOVED, "k", 3, 3),
                    new CacheEvent<>(CacheEvent.Type.CREATED, "ttl", 4, null),
                    new CacheEvent<>(CacheEvent.Type.EXPIRED, "ttl", 4, 4)));
    registration.close();
    registration.close();
    cache.put("unheard", 5);
    assertThat(events).hasSize(6);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void statisticsCountWhatHappenedHere() {
    Cache<String, Integer> cache = caches.cache("c", LOCAL);
    cache.put("a", 1);
    cache.putAll(Map.of("b", 2, "c", 3));
    assertThat(cache.get("a")).isEqualTo(1);
    assertThat(cache.get("none")).isNull();
    assertThat(cache.getAll(List.of("a", "b", "none"))).hasSize(2);
    cache.remove("a");
    cache.remove("a");
    Cache<String, Integer> other = caches.cache("c", LOCAL);
    assertThat(other.stats()).isEqualTo(new CacheStats(3, 2, 3, 1, 0, 0));
  }

  @Test
  void updateIsALoopAndItsFunctionMayRemove() {
    Cache<String, Integer> cache = caches.cache("c", LOCAL);
    assertThat(cache.update("n", n -> n == null ? 1 : n + 1)).isEqualTo(1);
    assertThat(
            cache.update(
                "n",
                n -> {
                  if (n != null && n == 1) {
                    cache.put("n", 10); // somebody else, in between
                  }
                  return n == null ? 1 : n + 1;
                }))
        .isEqualTo(11);
    assertThat(cache.update("n", n -> null)).isNull();
    assertThat(cache.containsKey("n")).isFalse();
    assertThat(cache.update("n", n -> null)).isNull();
  }

  @Test
  void handlesEndAloneAndTheCacheForAll() {
    Cache<String, Integer> one = caches.cache("c", LOCAL);
    Cache<String, Integer> two = caches.cache("c");
    one.put("k", 1);
    one.close();
    assertThatThrownBy(() -> one.get("k"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'c'");
    assertThat(two.get("k")).isEqualTo(1);
    Cache<String, Integer> three = caches.cache("c");
    three.destroy();
    assertThatThrownBy(() -> two.put("k", 2))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("destroyed");
    assertThat(caches.names()).isEmpty();
    assertThat(caches.<String, Integer>cache("c", LOCAL.maxEntries(3)).get("k")).isNull();
  }

  @Test
  void anEndedClusterEndsItsCaches() {
    Cache<String, Integer> cache = caches.cache("c", LOCAL);
    caches.close();
    assertThatThrownBy(() -> cache.get("k"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> caches.cache("d", LOCAL)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void otherOptionsAreRefused() {
    Cache<String, Integer> cache = caches.cache("c", LOCAL.maxEntries(5));
    assertThat(cache.mode()).isEqualTo(Mode.LOCAL);
    assertThatThrownBy(() -> caches.cache("c", LOCAL))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("[LOCAL maxEntries=5]")
        .hasMessageContaining("[LOCAL]");
  }
}
