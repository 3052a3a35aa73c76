/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.memogrid.testkit.Portable.op;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Expiry;
import org.memogrid.testkit.Await;

/** When entries stop being served. Times are short, so an entry may go before it was looked at. */
interface ExpiryContract extends Contract {
  Duration SHORT = Duration.ofMillis(150);
  Duration SOON = Duration.ofSeconds(20);

  /** Handles that see what the oldest node writes. */
  private <V> List<Cache<String, V>> readers(Caches<String, V> caches) {
    return shared() ? caches.all() : List.of(caches.here());
  }

  @Test
  default void anEntryIsServedForItsTimeToLiveAndNoLonger() {
    Caches<String, Integer> caches = caches();
    Cache<String, Integer> cache = caches.here();
    cache.put("stays", 1);
    cache.put("far", 1, Expiry.ttl(Duration.ofHours(1)));
    long before = System.nanoTime();
    cache.put("put", 1, Expiry.ttl(SHORT));
    cache.putAll(Map.of("all", 1), Expiry.ttl(SHORT));
    assertThat(cache.putIfAbsent("absent", 1, Expiry.ttl(SHORT))).isNull();
    cache.put("replaced", 1);
    assertThat(cache.replace("replaced", 1, 2, Expiry.ttl(SHORT))).isTrue();
    cache.put("updated", 1);
    assertThat(cache.update("updated", op(n -> n + 1), Expiry.ttl(SHORT))).isEqualTo(2);
    for (Cache<String, Integer> reader : readers(caches)) {
      for (String key : List.of("put", "all", "absent", "replaced", "updated")) {
        Integer read = reader.get(key);
        long age = System.nanoTime() - before;
        if (age < SHORT.minusMillis(1).toNanos()) {
          assertThat(read).as(key).isNotNull();
        }
        Await.until(key + " to expire", SOON, () -> reader.get(key) == null);
        assertThat(System.nanoTime() - before).isGreaterThan(SHORT.minusMillis(1).toNanos());
      }
      assertThat(reader.get("stays")).isEqualTo(1);
      assertThat(reader.get("far")).isEqualTo(1);
      assertThat(reader.containsKey("put")).isFalse();
    }
    assertThat(cache.putIfAbsent("put", 7)).isNull();
    assertThat(cache.get("put")).isEqualTo(7);
    assertThat(cache.getAll(List.of("all", "far"))).containsOnlyKeys("far");
  }

  @Test
  default void theOptionsExpiryHoldsUnlessTheWriteSaysOtherwise() {
    Caches<String, Integer> caches = caches(options -> options.timeToLive(Duration.ofMillis(150)));
    Cache<String, Integer> cache = caches.here();
    cache.put("never", 1, Expiry.NEVER);
    cache.put("far", 1, Expiry.ttl(Duration.ofHours(1)));
    cache.put("default", 1);
    for (Cache<String, Integer> reader : readers(caches)) {
      Await.until("the default to expire", SOON, () -> reader.get("default") == null);
      assertThat(reader.get("never")).isEqualTo(1);
      assertThat(reader.get("far")).isEqualTo(1);
    }
  }

  @Test
  default void aWriteStartsTheTimeToLiveAgain() {
    Cache<String, Integer> cache = this.<String, Integer>caches().here();
    cache.put("k", 1, Expiry.ttl(SHORT));
    cache.put("k", 2, Expiry.ttl(Duration.ofHours(1)));
    cache.put("probe", 1, Expiry.ttl(SHORT));
    Await.until("the probe to expire", SOON, () -> cache.get("probe") == null);
    assertThat(cache.get("k")).isEqualTo(2);
  }

  /** Reads by any member count where members share entries. */
  @Test
  default void readingKeepsAnIdleEntryAndNotReadingLetsItGo() {
    Duration idle = Duration.ofMillis(240);
    Caches<String, Integer> caches = caches();
    Cache<String, Integer> writer = caches.here();
    Cache<String, Integer> reader = shared() ? caches.there() : writer;
    writer.put("read", 1, Expiry.idle(idle));
    writer.put("left", 1, Expiry.idle(idle));
    long end = System.nanoTime() + idle.multipliedBy(2).toNanos();
    long last = System.nanoTime();
    boolean paused = false;
    while (System.nanoTime() < end) {
      Integer value = reader.get("read");
      long now = System.nanoTime();
      paused |= now - last > idle.toNanos() / 3;
      if (!paused) {
        assertThat(value).as("an entry that is read all the time").isEqualTo(1);
      }
      last = now;
      java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
    }
    assertThat(writer.containsKey("left")).isFalse();
    Await.until("the idle entry to go", SOON, () -> !writer.containsKey("read"));
  }

  @Test
  default void aReadDoesNotProlongTheTimeToLive() {
    Caches<String, Integer> caches = caches();
    caches.here().put("k", 1, Expiry.ttl(Duration.ofMillis(300)).idle(Duration.ofMillis(200)));
    for (Cache<String, Integer> reader : readers(caches)) {
      Await.until("the end though it is read", SOON, () -> reader.get("k") == null);
    }
  }

  /** A renewal under way must not bring back what was removed meanwhile. */
  @Test
  default void aReadNeverBringsBackWhatWasRemoved() {
    Caches<String, Integer> caches = caches();
    Expiry idle = Expiry.idle(Duration.ofMillis(40));
    Cache<String, Integer> reader = shared() ? caches.there() : caches.here();
    for (int round = 0; round < 15; round++) {
      String key = "k" + round;
      caches.here().put(key, round, idle);
      java.util.concurrent.locks.LockSupport.parkNanos(11_000_000);
      Integer read = reader.get(key);
      assertThat(read).isIn(round, null);
      Integer removed = caches.here().remove(key);
      assertThat(removed).isIn(round, null);
      for (Cache<String, Integer> cache : caches.all()) {
        if (removed != null) {
          assertThat(cache.get(key)).isNull();
        } else { // it had ended, which a member may see later; a read would renew one that is back
          Await.until("the end on all members", SOON, () -> cache.get(key) == null);
        }
      }
    }
    assertThat(caches.here().size()).isZero();
  }
}
