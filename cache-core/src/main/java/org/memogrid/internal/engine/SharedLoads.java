/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.infinispan.AdvancedCache;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.store.Envelope;

/** Has loaded what no member's memory has, each key by the member that orders it. */
final class SharedLoads {
  private final AdvancedCache<ClusterKey, Envelope> cache;
  private final Codec codec;
  private final StoreCalls calls;
  private final Patience patience;

  SharedLoads(
      AdvancedCache<ClusterKey, Envelope> cache, Codec codec, StoreCalls calls, Patience patience) {
    this.cache = cache;
    this.codec = codec;
    this.calls = calls;
    this.patience = patience;
  }

  @Nullable Envelope load(ClusterKey missed) {
    ClusterKey written = ClusterKey.written(missed.key(), codec);
    try {
      return calls.call(() -> patience.reading(SharedSource.load(cache, written)));
    } catch (RuntimeException e) {
      throw patience.ofRead(Set.of(missed), e);
    } finally {
      written.settle();
    }
  }

  /** All at once: each is another key's, and may be another member's to load. */
  Map<ClusterKey, Envelope> loadAll(Set<ClusterKey> missed) {
    Map<ClusterKey, ClusterKey> written = new HashMap<>();
    missed.forEach(key -> written.put(key, ClusterKey.written(key.key(), codec)));
    try {
      return calls.call(() -> patience.reading(loading(written)));
    } catch (RuntimeException e) {
      throw patience.ofRead(missed, e);
    } finally {
      written.values().forEach(ClusterKey::settle);
    }
  }

  private CompletableFuture<Map<ClusterKey, Envelope>> loading(
      Map<ClusterKey, ClusterKey> written) {
    Map<ClusterKey, Envelope> loaded = new ConcurrentHashMap<>();
    CompletableFuture<?>[] each =
        written.entrySet().stream()
            .map(
                key ->
                    SharedSource.load(cache, key.getValue())
                        .thenAccept(
                            entry -> {
                              if (entry != null) {
                                loaded.put(key.getKey(), entry);
                              }
                            }))
            .toArray(CompletableFuture<?>[]::new);
    return CompletableFuture.allOf(each).thenApply(all -> loaded);
  }
}
