/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.infinispan.commons.util.concurrent.CompletableFutures;
import org.infinispan.commons.util.concurrent.CompletionStages;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.configuration.cache.CustomStoreConfiguration;
import org.infinispan.configuration.cache.StoreConfiguration;
import org.infinispan.container.entries.InternalCacheEntry;
import org.infinispan.container.impl.EntryFactory;
import org.infinispan.container.impl.InternalDataContainer;
import org.infinispan.expiration.impl.ExpirationManagerImpl;
import org.infinispan.expiration.impl.InternalExpirationManager;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.persistence.manager.PersistenceManager;
import org.infinispan.util.concurrent.BlockingManager;
import org.jspecify.annotations.Nullable;

/**
 * Lets go of what has ended in the memory of one process. The engine's own way loses a write:
 *
 * <ol>
 *   <li>An entry has ended, and is taken out of memory, without its key's lock.
 *   <li>Somebody writes the key, which is in the store and in memory then.
 *   <li>The key is deleted from the store: what was written is in memory alone.
 * </ol>
 *
 * So here the store deletes what has ended there too, and nothing else. Where several share a cache
 * the engine does it under the lock.
 *
 * @param <K> a key
 * @param <V> an entry
 */
final class EndedEntries<K, V> extends ExpirationManagerImpl<K, V> {
  private final BlockingManager threads;

  private EndedEntries(BlockingManager threads) {
    this.threads = threads;
  }

  /**
   * Before the cache starts. Not where writes wait: there an entry gets to the store later than to
   * memory, so it ends later there, and would be read again.
   */
  static void install(BasicComponentRegistry components, Configuration configuration) {
    if (configuration.clustering().cacheMode().isClustered()
        || configuration.persistence().stores().stream().noneMatch(EndedEntries::isFor)) {
      return;
    }
    components.replaceComponent(
        InternalExpirationManager.class.getName(),
        new EndedEntries<>(components.getComponent(BlockingManager.class).wired()),
        true);
    Stream.of(EntryFactory.class, InternalDataContainer.class, PersistenceManager.class)
        .forEach(
            each ->
                components.wireDependencies(
                    requireNonNull(components.getComponent(each)).wired(), false));
  }

  private static boolean isFor(StoreConfiguration store) {
    boolean ending =
        store instanceof CheckedStoreConfiguration
            || (store instanceof CustomStoreConfiguration custom
                && EndingStore.class.isAssignableFrom(custom.customStoreClass()));
    return ending && !store.async().enabled();
  }

  @Override
  public CompletableFuture<Boolean> entryExpiredInMemory(
      InternalCacheEntry<K, V> entry, long currentTime, boolean hasLock) {
    return threads
        .supplyBlocking(() -> letGo(entry.getKey(), currentTime), "memogrid-ended")
        .toCompletableFuture();
  }

  private boolean letGo(K key, long time) {
    AtomicReference<@Nullable InternalCacheEntry<K, V>> gone = new AtomicReference<>();
    dataContainer
        .running()
        .compute(
            key,
            (same, there, factory) -> {
              if (there == null) {
                return null;
              }
              synchronized (there) { // as whoever writes it
                if (!there.isExpired(time)) {
                  return there;
                }
                gone.set(there);
                return null;
              }
            });
    InternalCacheEntry<K, V> entry = gone.get();
    if (entry == null) {
      return false;
    }
    CompletionStages.join(
        CompletionStages.allOf(
            deleteFromStores(key),
            cacheNotifier.notifyCacheEntryExpired(
                key, entry.getValue(), entry.getMetadata(), null)));
    return true;
  }

  private CompletionStage<?> deleteFromStores(K key) {
    List<EndingStore> stores =
        persistenceManager.getStores(EndingStore.class).stream().collect(Collectors.toList());
    int segment = keyPartitioner.getSegment(key);
    return stores.isEmpty()
        ? CompletableFutures.completedNull() // it stops
        : CompletionStages.allOf(
            stores.stream()
                .map(store -> store.deleteEnded(segment, key))
                .toArray(CompletionStage[]::new));
  }
}
