/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ObjIntConsumer;
import java.util.stream.Stream;
import org.ehcache.config.builders.CacheConfigurationBuilder;
import org.ehcache.config.builders.CacheManagerBuilder;
import org.ehcache.config.builders.ResourcePoolsBuilder;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.memo.Memo;

/**
 * The systems whose reads are compared, each with its entries in it and, where it is clustered, on
 * two members, of this JVM where that is possible: a hit asks nobody, so it does not matter where
 * the other one lives.
 */
final class Readers {
  static final int KEYS = 10_000;
  static final Duration LIFE = Duration.ofHours(1);

  private Readers() {}

  /**
   * A system by its name and mode.
   *
   * @throws IllegalArgumentException if there is none
   */
  static Reader of(String system, String mode) {
    return switch (system) {
      case "ConcurrentHashMap" -> map();
      case "Caffeine" -> caffeine(Caffeine.newBuilder().maximumSize(2 * KEYS));
      case "Caffeine unbounded" -> caffeine(Caffeine.newBuilder());
      case "Caffeine expireAfterWrite" ->
          caffeine(Caffeine.newBuilder().maximumSize(2 * KEYS).expireAfterWrite(LIFE));
      case "Ehcache heap" -> ehcache();
      case "Infinispan" -> RawEngine.open(mode);
      case "Hazelcast near cache" -> HazelcastReaders.near();
      case "Hazelcast ReplicatedMap" -> HazelcastReaders.replicated();
      case "Coherence near cache" -> CoherenceReaders.near();
      case "Coherence view" -> CoherenceReaders.view();
      case "Redisson local cached map" -> RedisReaders.redisson();
      case "JetCache two-level timeToLive" -> RedisReaders.jetCache();
      case "Memogrid cache" -> cache(CacheOptions.of(Mode.valueOf(mode)));
      case "Memogrid cache timeToLive" ->
          cache(CacheOptions.of(Mode.valueOf(mode)).timeToLive(LIFE));
      case "Memogrid cache maxIdle" -> cache(CacheOptions.of(Mode.valueOf(mode)).maxIdle(LIFE));
      case "Memogrid cache maxEntries" ->
          cache(CacheOptions.of(Mode.valueOf(mode)).maxEntries(2 * KEYS));
      case "Memogrid cache elsewhere" -> elsewhere(CacheOptions.of(Mode.valueOf(mode)).owners(1));
      case "Memogrid cache nearCache" ->
          elsewhere(CacheOptions.of(Mode.valueOf(mode)).owners(1).nearCache(2 * KEYS, LIFE));
      case "Memogrid memo" -> memo(Mode.valueOf(mode), null);
      case "Memogrid memo timeToLive" -> memo(Mode.valueOf(mode), LIFE);
      default -> throw new IllegalArgumentException("no system is called " + system);
    };
  }

  static void fill(ObjIntConsumer<Integer> put) {
    for (int key = 0; key < KEYS; key++) {
      put.accept(key, key);
    }
  }

  private static Reader map() {
    ConcurrentHashMap<Integer, Price> map = new ConcurrentHashMap<>();
    fill((key, n) -> map.put(key, Price.of(n)));
    return map::get;
  }

  private static Reader caffeine(Caffeine<Object, Object> builder) {
    com.github.benmanes.caffeine.cache.Cache<Integer, Price> cache = builder.build();
    fill((key, n) -> cache.put(key, Price.of(n)));
    return key -> cache.get(key, Price::of);
  }

  private static Reader ehcache() {
    org.ehcache.CacheManager manager = CacheManagerBuilder.newCacheManagerBuilder().build(true);
    org.ehcache.Cache<Integer, Price> cache =
        manager.createCache(
            "prices",
            CacheConfigurationBuilder.newCacheConfigurationBuilder(
                Integer.class, Price.class, ResourcePoolsBuilder.heap(2 * KEYS)));
    fill((key, n) -> cache.put(key, Price.of(n)));
    return new Reader() {
      @Override
      public @Nullable Object get(Integer key) {
        return cache.get(key);
      }

      @Override
      public void close() {
        manager.close();
      }
    };
  }

  private static Reader cache(CacheOptions options) {
    Cluster[] members = members(options.mode());
    Cache<Integer, Price> cache = members[0].cache("prices", options);
    fill((key, n) -> cache.put(key, Price.of(n)));
    return new Reader() {
      @Override
      public @Nullable Object get(Integer key) {
        return cache.get(key);
      }

      @Override
      public void close() {
        leave(members);
      }
    };
  }

  /** Reads on one member what the other holds: as many keys as the others have, but other ones. */
  private static Reader elsewhere(CacheOptions options) {
    Cluster[] members = members(options.mode());
    Cache<Integer, Price> cache = members[0].cache("prices", options);
    Cache<Integer, Price> owner = members[1].cache("prices", options);
    Integer[] keys =
        Stream.iterate(0, key -> key + 1)
            .filter(key -> !cache.owners(key).contains(members[0].self()))
            .limit(KEYS)
            .toArray(Integer[]::new);
    fill((unused, n) -> owner.put(keys[n], Price.of(n)));
    return new Reader() {
      @Override
      public @Nullable Object get(Integer key) {
        return cache.get(keys[key]);
      }

      @Override
      public void close() {
        leave(members);
      }
    };
  }

  private static Reader memo(Mode mode, @Nullable Duration timeToLive) {
    Cluster[] members = members(mode);
    var builder = Memo.<Integer, Price>builder("prices", Price::of).mode(mode);
    if (timeToLive != null) {
      builder.timeToLive(timeToLive);
    }
    Memo<Integer, Price> memo = builder.build(members[0]);
    fill((key, n) -> memo.apply(key));
    return new Reader() {
      @Override
      public @Nullable Object get(Integer key) {
        return memo.apply(key);
      }

      @Override
      public void close() {
        leave(members);
      }
    };
  }

  private static Cluster[] members(Mode mode) {
    if (mode == Mode.LOCAL) {
      return new Cluster[] {Cluster.local()};
    }
    return new Cluster[] {join("reader"), join("other")};
  }

  private static Cluster join(String name) {
    return Cluster.builder()
        .name("bench-" + ProcessHandle.current().pid())
        .nodeName(name)
        .port(17_800)
        .allow("org.memogrid.bench.*")
        .join();
  }

  private static void leave(Cluster[] members) {
    for (Cluster member : members) {
      member.close();
    }
  }
}
