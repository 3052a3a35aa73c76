/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import org.infinispan.AdvancedCache;
import org.infinispan.manager.EmbeddedCacheManager;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Topology;

/**
 * The transactional stores of one process, on an engine without a network, which is started when
 * the first is opened. Thread-safe.
 */
public final class TransactionalStores implements StoreFactory {
  private final Codec codec;
  private final InstantSource clock;
  private final CoarseClock coarse;
  private final Executor threads;
  private final Topology topology;
  private final MemberTransactions transactions;
  private final LoneEngine engine;
  private final Calls calls = new Calls();
  private final Map<String, ClusterStore> stores = new TreeMap<>();
  private boolean closed;

  /**
   * @param threads runs listeners
   */
  public TransactionalStores(
      Member self,
      Codec codec,
      InstantSource clock,
      Executor threads,
      MemberTransactions transactions) {
    this.codec = codec;
    this.clock = clock;
    this.coarse = new CoarseClock(clock);
    this.threads = threads;
    this.topology = new SelfTopology(self);
    this.engine = new LoneEngine(new EntryMarshaller(codec), clock);
    this.transactions = transactions;
  }

  @Override
  public synchronized Store open(String name, CacheOptions options) {
    ClusterStore there = stores.get(name);
    if (there != null) {
      OtherOptions.refuse(name, there.options(), options);
      return there.asOpened();
    }
    if (closed) {
      throw new IllegalStateException("this member has left: join again");
    }
    transactions.requireRecovery(name, options);
    ClusterStore store = start(name, options);
    stores.put(name, store);
    return store.asOpened();
  }

  private ClusterStore start(String name, CacheOptions options) {
    EmbeddedCacheManager manager = engine.started();
    manager.defineConfiguration(
        name, EngineConfiguration.alone(requireNonNull(options.locking()), transactions));
    AdvancedCache<ClusterKey, Envelope> cache =
        manager.<ClusterKey, Envelope>getCache(name).getAdvancedCache();
    return new ClusterStore(
        null,
        options,
        cache,
        codec,
        clock,
        coarse,
        new Topologies(() -> topology, cache, threads),
        calls,
        this::destroy,
        transactions);
  }

  private synchronized void destroy(ClusterStore store) {
    if (stores.remove(store.name(), store)) {
      engine.started().administration().removeCache(store.name());
    }
  }

  @Override
  public synchronized @Nullable CacheOptions optionsOf(String name) {
    ClusterStore store = stores.get(name);
    return store == null ? null : store.options();
  }

  @Override
  public synchronized Set<String> names() {
    return Set.copyOf(stores.keySet());
  }

  @Override
  public synchronized void close() {
    closed = true;
    calls.end();
    engine.stop();
    stores.clear();
    coarse.close();
  }
}
