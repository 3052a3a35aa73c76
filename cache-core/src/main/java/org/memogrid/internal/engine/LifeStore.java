/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.infinispan.Cache;
import org.infinispan.commons.io.ByteBufferFactory;
import org.infinispan.commons.time.TimeService;
import org.infinispan.configuration.cache.StoreConfiguration;
import org.infinispan.configuration.global.GlobalConfiguration;
import org.infinispan.distribution.ch.KeyPartitioner;
import org.infinispan.marshall.persistence.PersistenceMarshaller;
import org.infinispan.persistence.spi.InitializationContext;
import org.infinispan.persistence.spi.MarshallableEntryFactory;
import org.infinispan.persistence.spi.PersistenceException;
import org.infinispan.util.concurrent.BlockingManager;
import org.infinispan.util.concurrent.NonBlockingManager;
import org.jspecify.annotations.Nullable;

/**
 * The files of one life of a member, in a cache that members share: empty at first, in a folder of
 * their own. It starts when the cache's {@link Recovery} lets the member join. Made by the engine,
 * by its name, hence public.
 *
 * @param <K> a key
 * @param <V> an entry
 */
public final class LifeStore<K, V> extends TenureStore<K, V> {
  /** The property of its configuration that says where the files are. */
  static final String DIRECTORY = "directory";

  private volatile @Nullable Recovery recovery;

  @Override
  public CompletionStage<Void> start(InitializationContext context) {
    Recovery here =
        SharedFiles.of(context.getGlobalConfiguration()).recovery(context.getCache().getName());
    recovery = here;
    return here.start(this, context)
        .thenCompose(path -> start(at(path, context), Tenures.begin(path, segments(context))));
  }

  static int segments(InitializationContext context) {
    return context.getCache().getCacheConfiguration().clustering().hash().numSegments();
  }

  /** The context of a store with files of the same cache in another place. */
  static InitializationContext at(java.nio.file.Path path, InitializationContext context) {
    return new Elsewhere(context, EngineConfiguration.files(path));
  }

  @Override
  void onRefused(PersistenceException refusal) {
    requireNonNull(recovery, "started").onRefused(refusal);
  }

  @Override
  boolean isCut() {
    return requireNonNull(recovery, "started").serving().isCut();
  }

  @Override
  public CompletionStage<Void> stop() {
    Recovery here = recovery;
    return here == null ? super.stop() : super.stop().whenComplete((done, thrown) -> here.close());
  }

  /** A context whose store has another configuration. */
  private record Elsewhere(InitializationContext context, StoreConfiguration configuration)
      implements InitializationContext {
    @Override
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // the engine's signature
    public <T extends StoreConfiguration> T getConfiguration() {
      return (T) configuration;
    }

    @Override
    @SuppressWarnings("rawtypes") // the engine's signature
    public Cache getCache() {
      return context.getCache();
    }

    @Override
    public KeyPartitioner getKeyPartitioner() {
      return context.getKeyPartitioner();
    }

    @Override
    public TimeService getTimeService() {
      return context.getTimeService();
    }

    @Override
    public ByteBufferFactory getByteBufferFactory() {
      return context.getByteBufferFactory();
    }

    @Override
    public Executor getNonBlockingExecutor() {
      return context.getNonBlockingExecutor();
    }

    @Override
    public BlockingManager getBlockingManager() {
      return context.getBlockingManager();
    }

    @Override
    public NonBlockingManager getNonBlockingManager() {
      return context.getNonBlockingManager();
    }

    @Override
    public <A, B> MarshallableEntryFactory<A, B> getMarshallableEntryFactory() {
      return context.getMarshallableEntryFactory();
    }

    @Override
    public PersistenceMarshaller getPersistenceMarshaller() {
      return context.getPersistenceMarshaller();
    }

    @Override
    public GlobalConfiguration getGlobalConfiguration() {
      return context.getGlobalConfiguration();
    }
  }
}
