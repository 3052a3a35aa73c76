/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.alicp.jetcache.embedded.CaffeineCacheBuilder;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import com.hazelcast.replicatedmap.ReplicatedMap;
import com.tangosol.net.NamedMap;
import java.util.Collections;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.ehcache.config.builders.CacheConfigurationBuilder;
import org.ehcache.config.builders.CacheManagerBuilder;
import org.ehcache.config.builders.ResourcePoolsBuilder;
import org.infinispan.AdvancedCache;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.context.Flag;
import org.infinispan.manager.EmbeddedCacheManager;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;

/**
 * The systems whose puts are compared, set up as {@link Readers} are, with one member where they
 * are clustered: what a put costs before anybody else is asked. Limits leave room for all entries.
 */
final class Writers {
  private Writers() {}

  /**
   * A system by its name and mode, without entries.
   *
   * @throws IllegalArgumentException if there is none
   */
  static Writer of(String system, String mode) {
    return switch (system) {
      case "ConcurrentHashMap" -> map();
      case "Caffeine" -> caffeine(Caffeine.newBuilder());
      case "Caffeine maximumSize" -> caffeine(Caffeine.newBuilder().maximumSize(2 * Readers.KEYS));
      case "Caffeine expireAfterWrite" ->
          caffeine(Caffeine.newBuilder().expireAfterWrite(Readers.LIFE));
      case "Ehcache heap" -> ehcache();
      case "JetCache Caffeine" -> jetCache();
      case "Infinispan" -> infinispan(RawMembers.cache(mode));
      case "Infinispan simple cache" -> infinispan(RawMembers.cache(mode).simpleCache(true));
      case "Hazelcast map" -> hazelcastMap();
      case "Hazelcast ReplicatedMap" -> replicatedMap();
      case "Coherence distributed" -> coherence();
      case "Memogrid cache" -> memogrid(CacheOptions.of(Mode.valueOf(mode)));
      case "Memogrid cache maxEntries" ->
          memogrid(CacheOptions.of(Mode.valueOf(mode)).maxEntries(2 * Readers.KEYS));
      case "Memogrid cache timeToLive" ->
          memogrid(CacheOptions.of(Mode.valueOf(mode)).timeToLive(Readers.LIFE));
      default -> throw new IllegalArgumentException("no system is called " + system);
    };
  }

  private static Writer map() {
    ConcurrentHashMap<Integer, Price> map = new ConcurrentHashMap<>();
    return new Writer(map::put, map::get, () -> {});
  }

  private static Writer caffeine(Caffeine<Object, Object> builder) {
    Cache<Integer, Price> cache = builder.build();
    return new Writer(cache::put, cache::getIfPresent, () -> {});
  }

  private static Writer ehcache() {
    org.ehcache.CacheManager manager = CacheManagerBuilder.newCacheManagerBuilder().build(true);
    org.ehcache.Cache<Integer, Price> cache =
        manager.createCache(
            "prices",
            CacheConfigurationBuilder.newCacheConfigurationBuilder(
                Integer.class, Price.class, ResourcePoolsBuilder.heap(2 * Readers.KEYS)));
    return new Writer(cache::put, cache::get, manager::close);
  }

  /** Its near level by itself ("CaffeineCache" under "Local Cache"); entries have an end always. */
  private static Writer jetCache() {
    com.alicp.jetcache.Cache<Integer, Price> cache =
        CaffeineCacheBuilder.createCaffeineCacheBuilder()
            .limit(2 * Readers.KEYS)
            .expireAfterWrite(Readers.LIFE.toSeconds(), TimeUnit.SECONDS)
            .buildCache();
    return new Writer(cache::put, cache::get, cache::close);
  }

  /**
   * {@code IGNORE_RETURN_VALUES} as its guide advises. A simple cache has none of the interceptors
   * ("Simple caches" in "Configuring Infinispan Caches").
   */
  private static Writer infinispan(ConfigurationBuilder configuration) {
    EmbeddedCacheManager manager = RawEngine.start("writer");
    manager.defineConfiguration("prices", configuration.build());
    AdvancedCache<Integer, Price> cache =
        manager.<Integer, Price>getCache("prices").getAdvancedCache();
    AdvancedCache<Integer, Price> writes = cache.withFlags(Flag.IGNORE_RETURN_VALUES);
    return new Writer(writes::put, cache::get, manager::stop);
  }

  /** With a map's defaults: values lie in it encoded. */
  private static Writer hazelcastMap() {
    HazelcastInstance member = hazelcast();
    IMap<Integer, Price> map = member.getMap("prices");
    return new Writer(map::set, map::get, member::shutdown);
  }

  /** With its defaults: values lie in it as they are. Its put brings the old one. */
  private static Writer replicatedMap() {
    HazelcastInstance member = hazelcast();
    ReplicatedMap<Integer, Price> map = member.getReplicatedMap("prices");
    return new Writer(map::put, map::get, member::shutdown);
  }

  private static HazelcastInstance hazelcast() {
    return Hazelcast.newHazelcastInstance(
        HazelcastMembers.config("hazelcast-" + ProcessHandle.current().pid(), 25_701, 1));
  }

  /** {@code putAll} of one entry, which brings no old value. */
  private static Writer coherence() {
    CoherenceMember member =
        CoherenceMember.start("coherence-" + ProcessHandle.current().pid(), 25_741);
    NamedMap<Integer, Price> map = member.map("plain-prices");
    return new Writer(
        (key, value) -> map.putAll(Collections.singletonMap(key, value)), map::get, member::close);
  }

  private static Writer memogrid(CacheOptions options) {
    Cluster member =
        options.mode() == Mode.LOCAL
            ? Cluster.local()
            : Cluster.builder()
                .name("bench-" + ProcessHandle.current().pid())
                .nodeName("writer")
                .port(17_800)
                .allow("org.memogrid.bench.*")
                .join();
    org.memogrid.cache.Cache<Integer, Price> cache = member.cache("prices", options);
    return new Writer(cache::put, cache::get, member::close);
  }
}
