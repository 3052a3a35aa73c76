/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.alicp.jetcache.CacheBuilder;
import com.alicp.jetcache.SimpleCacheManager;
import com.alicp.jetcache.anno.CacheType;
import com.alicp.jetcache.embedded.CaffeineCacheBuilder;
import com.alicp.jetcache.redis.lettuce.RedisLettuceCacheBuilder;
import com.alicp.jetcache.support.Fastjson2KeyConvertor;
import com.alicp.jetcache.support.JavaValueDecoder;
import com.alicp.jetcache.support.JavaValueEncoder;
import com.alicp.jetcache.template.CacheBuilderTemplate;
import com.alicp.jetcache.template.QuickConfig;
import io.lettuce.core.RedisClient;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.redisson.Redisson;
import org.redisson.api.RLocalCachedMap;
import org.redisson.api.RedissonClient;
import org.redisson.api.options.LocalCachedMapOptions;
import org.redisson.config.Config;

/** Caches in this JVM in front of Redis, each with a Redis of its own. */
final class RedisReaders implements Reader {
  private final Function<Integer, @Nullable Price> read;
  private final Runnable end;

  private RedisReaders(Function<Integer, @Nullable Price> read, Runnable end) {
    this.read = read;
    this.end = end;
  }

  /**
   * Redisson's local cached map, unbounded and with the keys themselves as its keys, for else each
   * read would encode and hash one; its Caffeine does not take them ("Local cache" under "Map" in
   * the chapter "Collections" of its reference guide).
   */
  static Reader redisson() {
    Redis redis = Redis.start();
    Config config = new Config();
    config.useSingleServer().setAddress(redis.address());
    RedissonClient client = Redisson.create(config);
    LocalCachedMapOptions<Integer, Price> options = LocalCachedMapOptions.name("prices");
    RLocalCachedMap<Integer, Price> map =
        client.getLocalCachedMap(
            options
                .cacheProvider(LocalCachedMapOptions.CacheProvider.REDISSON)
                .evictionPolicy(LocalCachedMapOptions.EvictionPolicy.NONE)
                .useObjectAsCacheKey(true));
    Readers.fill((key, n) -> map.fastPut(key, Price.of(n)));
    Readers.fill((key, n) -> map.get(key));
    return new RedisReaders(
        map::get,
        () -> {
          client.shutdown();
          redis.close();
        });
  }

  /**
   * JetCache with two levels, Caffeine before Redis by Lettuce, and other processes told of changes
   * ({@code syncLocal}): "Create Cache instance" of its "Getting Started", and "RedisWithLettuce".
   * Keys of the near level are the keys themselves. Its entries have an end always.
   */
  static Reader jetCache() {
    Redis redis = Redis.start();
    RedisClient client = RedisClient.create(redis.address());
    CacheBuilder near = CaffeineCacheBuilder.createCaffeineCacheBuilder();
    CacheBuilder far =
        RedisLettuceCacheBuilder.createRedisLettuceCacheBuilder()
            .redisClient(client)
            .pubSubConnection(client.connectPubSub())
            .broadcastChannel("prices")
            .keyPrefix("prices:")
            .keyConvertor(Fastjson2KeyConvertor.INSTANCE)
            .valueEncoder(JavaValueEncoder.INSTANCE)
            .valueDecoder(JavaValueDecoder.INSTANCE);
    SimpleCacheManager manager = new SimpleCacheManager();
    manager.setCacheBuilderTemplate(
        new CacheBuilderTemplate(false, Map.of("default", near), Map.of("default", far)));
    com.alicp.jetcache.Cache<Integer, Price> cache =
        manager.getOrCreateCache(
            QuickConfig.newBuilder("prices")
                .cacheType(CacheType.BOTH)
                .expire(Readers.LIFE)
                .localLimit(2 * Readers.KEYS)
                .syncLocal(true)
                .build());
    Readers.fill((key, n) -> cache.put(key, Price.of(n)));
    return new RedisReaders(
        cache::get,
        () -> {
          manager.close();
          client.shutdown();
          redis.close();
        });
  }

  @Override
  public @Nullable Object get(Integer key) {
    return read.apply(key);
  }

  @Override
  public void close() {
    end.run();
  }
}
