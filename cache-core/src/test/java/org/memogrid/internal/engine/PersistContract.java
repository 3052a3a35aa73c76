/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.internal.cache.Caches;

/** What a persistent cache of one process promises over restarts, wherever its entries are kept. */
abstract class PersistContract {
  static final Duration SECOND = Duration.ofSeconds(1);
  static final int ENTRIES = 200;

  @TempDir Path directory;

  final ScheduledExecutorService threads = Executors.newScheduledThreadPool(2);
  final Ticks clock = new Ticks();
  Codec codec = new SerialCodec();
  Life life;

  /** Where the entries are kept. */
  abstract Persist persist();

  /** The databases that have a name. */
  Map<String, DataSource> sources() {
    return Map.of();
  }

  /** When the last process has ended. */
  void afterLife() throws Exception {}

  /** One process's stores and caches, until it ends. */
  final class Life implements AutoCloseable {
    final Caches caches;
    private final MemberStores stores;

    Life() {
      Member self = new Member("alone", "1");
      Executor caller = Runnable::run; // what a read has renewed is renewed when it returns
      stores =
          new MemberStores(
              new LocalStores(self, clock, threads),
              new DurableStores(self, codec, clock, threads, new Resources(sources(), Map.of())),
              new TransactionalStores(
                  self,
                  codec,
                  clock,
                  threads,
                  new MemberTransactions(null, Timing.DEFAULT.lock())));
      caches = new Caches(stores, Mode.LOCAL, codec, clock, caller, caller);
    }

    Cache<String, Integer> open(CacheOptions options) {
      return caches.cache("/prices", options);
    }

    @Override
    public void close() {
      caches.close();
      stores.close();
    }
  }

  @BeforeEach
  final void begin() {
    life = new Life();
  }

  @AfterEach
  final void end() throws Exception {
    life.close();
    afterLife();
    threads.shutdownNow();
  }

  final CacheOptions options() {
    return CacheOptions.of(Mode.LOCAL).persist(persist());
  }

  final Cache<String, Integer> open() {
    return life.open(options());
  }

  final Cache<String, Integer> reopen(CacheOptions options) {
    life.close();
    life = new Life();
    return life.open(options);
  }

  static Map<String, Integer> numbered(int from, int to) {
    return IntStream.range(from, to).boxed().collect(Collectors.toMap(i -> "k" + i, i -> i));
  }

  @Test
  void whatWasWrittenIsThereWhenTheProcessComesBack() {
    Cache<String, Integer> cache = open();
    cache.putAll(numbered(0, ENTRIES));
    cache.put("k1", -1);
    assertThat(cache.remove("k2")).isEqualTo(2);
    assertThat(cache.replace("k3", 3, -3)).isTrue();
    assertThat(cache.putIfAbsent("k4", 0)).isEqualTo(4);
    assertThat(cache.update("k5", old -> old == null ? 0 : old + 1)).isEqualTo(6);
    Map<String, Integer> expected = new HashMap<>(numbered(0, ENTRIES));
    expected.putAll(Map.of("k1", -1, "k3", -3, "k5", 6));
    expected.remove("k2");
    for (int restart = 0; restart < 2; restart++) {
      Cache<String, Integer> again = reopen(options());
      assertThat(again.get("k1")).isEqualTo(-1);
      assertThat(again.containsKey("k2")).isFalse();
      assertThat(again.putIfAbsent("k3", 0)).isEqualTo(-3);
      assertThat(again.getAndPut("k6", 6 - restart)).isEqualTo(6);
      assertThat(again.getAndPut("k6", 6)).isEqualTo(6 - restart);
      assertThat(again.remove("k7")).isEqualTo(7);
      again.put("k7", 7);
      assertThat(again.replace("k8", 0, 1)).isFalse();
      assertThat(again.replace("k8", 8, 8)).isTrue();
      assertThat(again.update("k9", Objects::requireNonNull)).isEqualTo(9);
      assertThat(again.size()).isEqualTo(expected.size());
      assertThat(again.asMap()).isEqualTo(expected);
      assertThat(again.getAll(List.of("k0", "k2"))).isEqualTo(Map.of("k0", 0));
    }
  }

  @Test
  void anEntryKeepsItsEndOverARestart() {
    CacheOptions mortal = options().timeToLive(SECOND.multipliedBy(10));
    Cache<String, Integer> cache = life.open(mortal);
    cache.put("options", 1);
    cache.put("long", 2, Expiry.ttl(SECOND.multipliedBy(20)));
    cache.put("never", 3, Expiry.NEVER);
    clock.tick(SECOND.multipliedBy(6));
    Cache<String, Integer> again = reopen(mortal);
    assertThat(again.get("options")).isEqualTo(1);
    clock.tick(SECOND.multipliedBy(4));
    assertThat(again.get("options")).isNull();
    assertThat(again.asMap()).isEqualTo(Map.of("long", 2, "never", 3));
    assertThat(again.size()).isEqualTo(2);
    life.close();
    clock.tick(SECOND.multipliedBy(10));
    life = new Life();
    Cache<String, Integer> last = life.open(mortal);
    assertThat(last.get("long")).isNull();
    assertThat(last.containsKey("long")).isFalse();
    assertThat(last.putIfAbsent("long", 4)).isNull();
    assertThat(last.asMap()).isEqualTo(Map.of("long", 4, "never", 3));
  }

  /** A read finds that an entry has ended, and lets go of it; a write comes at that moment. */
  @Test
  void aWriteAtTheMomentOfAnEndIsThereInTheNextLife() throws Exception {
    Cache<String, Integer> cache = open();
    for (int i = 0; i < 3 * ENTRIES; i++) {
      String key = "k" + i;
      cache.put(key, -1, Expiry.ttl(SECOND));
      clock.tick(SECOND);
      Future<?> read = threads.submit(() -> cache.get(key));
      cache.put(key, i);
      read.get(30, TimeUnit.SECONDS);
    }
    assertThat(reopen(options()).asMap()).isEqualTo(numbered(0, 3 * ENTRIES));
  }

  @Test
  void aWriteOverAnotherBeginsANewLife() {
    CacheOptions mortal = options().timeToLive(SECOND.multipliedBy(10));
    life.open(mortal).put("k", 1);
    clock.tick(SECOND.multipliedBy(6));
    life.open(mortal).put("k", 2);
    Cache<String, Integer> again = reopen(mortal);
    clock.tick(SECOND.multipliedBy(9));
    assertThat(again.get("k")).isEqualTo(2);
    clock.tick(SECOND);
    assertThat(again.get("k")).isNull();
  }

  @Test
  void anEntryInUseKeepsItsIdleLengthOverARestart() {
    CacheOptions idle = options().maxIdle(SECOND.multipliedBy(8));
    life.open(idle).put("k", 1);
    for (int i = 0; i < 4; i++) {
      clock.tick(SECOND.multipliedBy(6));
      assertThat(life.open(idle).get("k")).isEqualTo(1);
    }
    Cache<String, Integer> again = reopen(idle);
    clock.tick(SECOND.multipliedBy(7));
    assertThat(again.get("k")).isEqualTo(1);
    clock.tick(SECOND.multipliedBy(20));
    assertThat(again.get("k")).isNull();
  }

  @Test
  void thereIsWhatMemoryHasNoRoomFor() {
    CacheOptions small = options().maxEntries(10);
    Cache<String, Integer> cache = life.open(small);
    cache.putAll(numbered(0, ENTRIES));
    for (int restart = 0; restart < 2; restart++) {
      assertThat(cache.size()).isEqualTo(ENTRIES);
      assertThat(cache.asMap()).isEqualTo(numbered(0, ENTRIES));
      for (int i = 0; i < ENTRIES; i++) {
        assertThat(cache.get("k" + i)).isEqualTo(i);
        assertThat(cache.containsKey("k" + i)).isTrue();
      }
      cache = reopen(small);
    }
  }

  @Test
  void listenersHearOfWhatIsRemovedThoughMemoryHasItNot() {
    open().put("k", 1);
    Cache<String, Integer> cache = reopen(options());
    List<String> heard = new CopyOnWriteArrayList<>();
    Registration listening =
        cache.listen(event -> heard.add("removed " + event.oldValue()), CacheEvent.Type.REMOVED);
    cache.remove("k");
    cache.remove("k");
    listening.close();
    assertThat(heard).containsExactly("removed 1");
  }
}
