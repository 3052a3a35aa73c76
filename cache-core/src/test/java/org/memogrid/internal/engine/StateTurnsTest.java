/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.memogrid.internal.engine.RecoveryTest.engines;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.infinispan.AdvancedCache;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.write.PutKeyValueCommand;
import org.infinispan.context.Flag;
import org.infinispan.context.InvocationContext;
import org.infinispan.context.impl.FlagBitSets;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.interceptors.impl.CallInterceptor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Partitions;
import org.memogrid.testkit.TestCluster;

/** That what a new owner is given and the writes of a key do not overlap on a member. */
final class StateTurnsTest {
  @TempDir Path directory;

  /** Stops writes of one key half-way, or the state of it. */
  private static final class Stop extends BaseAsyncInterceptor {
    final CompletableFuture<Void> end = new CompletableFuture<>();
    private final Object key;
    private final boolean state;

    Stop(Object key, boolean state) {
      this.key = key;
      this.state = state;
    }

    @Override
    public Object visitCommand(InvocationContext context, VisitableCommand command) {
      return command instanceof PutKeyValueCommand put
              && put.getKey().equals(key)
              && put.hasAnyFlag(FlagBitSets.PUT_FOR_STATE_TRANSFER) == state
          ? asyncInvokeNext(context, command, end)
          : invokeNext(context, command);
    }
  }

  @Test
  void stateWaitsForAWriteThatIsUnderWay() throws Exception {
    whileOneIsUnderWayTheOtherWaits(false);
  }

  @Test
  void aWriteWaitsForStateThatIsUnderWay() throws Exception {
    whileOneIsUnderWayTheOtherWaits(true);
  }

  private void whileOneIsUnderWayTheOtherWaits(boolean stateFirst) throws Exception {
    try (TestCluster cluster =
        TestCluster.of(1, builder -> builder.partitions(Partitions.CONSISTENT))) {
      cluster
          .node(0)
          .<Integer, Integer>cache(
              "c", CacheOptions.of(Mode.REPLICATED).persist(Persist.file(directory)))
          .put(1, 1);
      AdvancedCache<Object, Object> writes = engines(cluster.node(0));
      AdvancedCache<Object, Object> state =
          writes.withFlags(
              Flag.PUT_FOR_STATE_TRANSFER,
              Flag.CACHE_MODE_LOCAL,
              Flag.SKIP_LOCKING,
              Flag.SKIP_OWNERSHIP_CHECK,
              Flag.IGNORE_RETURN_VALUES);
      ClusterKey key = ClusterKey.written(1, new SerialCodec());
      Object entry = requireNonNull(writes.get(key), "written");
      Stop stop = new Stop(key, stateFirst);
      var unused =
          ComponentRegistry.componentOf(writes, AsyncInterceptorChain.class)
              .addInterceptorBefore(stop, CallInterceptor.class);
      var first = (stateFirst ? state : writes).putAsync(key, entry);
      var second = (stateFirst ? writes : state).putAsync(key, entry);
      writes.put(ClusterKey.written(2, new SerialCodec()), entry); // after those, in the files too
      assertThat(first).isNotDone();
      assertThat(second).isNotDone();
      stop.end.complete(null);
      first.get(60, TimeUnit.SECONDS);
      second.get(60, TimeUnit.SECONDS);
    }
  }
}
