/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.infinispan.AdvancedCache;
import org.infinispan.Cache;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.write.DataWriteCommand;
import org.infinispan.commands.write.EvictCommand;
import org.infinispan.commands.write.PutKeyValueCommand;
import org.infinispan.commands.write.RemoveExpiredCommand;
import org.infinispan.container.entries.MVCCEntry;
import org.infinispan.context.Flag;
import org.infinispan.context.InvocationContext;
import org.infinispan.context.impl.FlagBitSets;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptor;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.interceptors.InvocationSuccessFunction;
import org.infinispan.interceptors.impl.CallInterceptor;
import org.infinispan.interceptors.impl.EntryWrappingInterceptor;
import org.infinispan.interceptors.locking.AbstractLockingInterceptor;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * A {@link Source} that members share: the one that orders a key's writes, its primary owner, reads
 * and writes there for all.
 *
 * <p>A read of what no memory has is a write of its own kind, a <em>load</em>: under the key's lock
 * the primary owner asks its loader, and what it has read goes to all owners as a written value
 * does. If each owner loaded for itself, two would have two versions of one entry, and a
 * conditional write of what one had read would never meet what the other has. Reads that come while
 * a load is under way get what it reads. All that is done under the key's lock comes before the
 * load or after it, so nobody gets what a write has overtaken.
 *
 * <p>A write is given to the writer where {@link EarlyWrites} and {@link EarlyBatches} write a
 * table: when it is decided, before the backups hear of it and before any memory changes.
 */
final class SharedSource {
  /** What a load asks to have written; nobody ever sees it. */
  private static final Envelope WANTED = Envelope.tombstone(new Envelope.Version(0, 0));

  private final Source source;
  private final DistributionManager distribution;
  private final boolean writes;
  private final ConcurrentMap<Object, CompletableFuture<@Nullable Object>> loads =
      new ConcurrentHashMap<>();

  /**
   * @param writes whether it writes; not if {@link BehindWrites} do
   */
  SharedSource(Source source, DistributionManager distribution, boolean writes) {
    this.source = source;
    this.distribution = distribution;
    this.writes = writes;
  }

  /** Before the cache starts. */
  void install(AsyncInterceptorChain chain) {
    chain.addInterceptorBefore(new Joining(), typeOf(chain, AbstractLockingInterceptor.class));
    chain.addInterceptorBefore(new Noting(), typeOf(chain, EntryWrappingInterceptor.class));
    if (writes) {
      EarlyBatches.install(chain, distribution, (entries, unusedMetadata) -> writeAll(entries));
    }
    chain.addInterceptorBefore(new Changes(), CallInterceptor.class);
  }

  private CompletionStage<Void> writeAll(Map<ClusterKey, Envelope> entries) {
    Map<ClusterKey, WriteBehind.Change> changes = new HashMap<>();
    entries.forEach((key, entry) -> changes.put(key, new WriteBehind.Change(entry)));
    return source.write(changes);
  }

  private static Class<? extends AsyncInterceptor> typeOf(
      AsyncInterceptorChain chain, Class<? extends AsyncInterceptor> kind) {
    return chain.findInterceptorExtending(kind).getClass();
  }

  /** The entry, loaded if need be; null if there is none. */
  static CompletableFuture<@Nullable Envelope> load(
      AdvancedCache<ClusterKey, Envelope> cache, ClusterKey written) {
    return cache.withFlags(Flag.SKIP_LISTENER_NOTIFICATION).putIfAbsentAsync(written, WANTED);
  }

  /** For tests: how many loads have waited for another on this member. */
  static int joined(Cache<?, ?> cache) {
    Joining found =
        ComponentRegistry.componentOf(cache, AsyncInterceptorChain.class)
            .findInterceptorWithClass(Joining.class);
    return requireNonNull(found, "not before a source").times.get();
  }

  /** Our writes have listeners told, loads have not; what a primary owner passes on is none. */
  private static boolean isLoad(VisitableCommand command) {
    return command instanceof PutKeyValueCommand put
        && put.isPutIfAbsent()
        && put.hasAnyFlag(FlagBitSets.SKIP_LISTENER_NOTIFICATION)
        && !put.hasAnyFlag(FlagBitSets.BACKUP_WRITE);
  }

  /** Whether that is a load which this member, or the one that passed it on, has made. */
  static boolean isLoaded(DataWriteCommand command) {
    return command.hasAnyFlag(FlagBitSets.SKIP_LISTENER_NOTIFICATION);
  }

  private boolean isOrderedHere(Object key) {
    return distribution.getCacheTopology().getDistribution(key).isPrimary();
  }

  /** Before the key's lock: a load that is under way answers for others. */
  private final class Joining extends BaseAsyncInterceptor {
    private final AtomicInteger times = new AtomicInteger();

    @Override
    public Object visitCommand(InvocationContext context, VisitableCommand command)
        throws Throwable {
      CompletableFuture<@Nullable Object> underWay =
          isLoad(command) ? loads.get(((PutKeyValueCommand) command).getKey()) : null;
      if (underWay == null) {
        return invokeNext(context, command);
      }
      times.incrementAndGet();
      return asyncValue(
          underWay.thenApply(entry -> unwritten((PutKeyValueCommand) command, entry)));
    }
  }

  private static @Nullable Object unwritten(PutKeyValueCommand load, @Nullable Object entry) {
    load.fail(); // for the engine: there is nothing that other owners must have
    return entry;
  }

  /** Under the key's lock: a load says that it is under way, and as long as it has the lock. */
  private final class Noting extends BaseAsyncInterceptor {
    @Override
    public Object visitCommand(InvocationContext context, VisitableCommand command)
        throws Throwable {
      if (!isLoad(command) || !isOrderedHere(((PutKeyValueCommand) command).getKey())) {
        return invokeNext(context, command);
      }
      Object wanted = ((PutKeyValueCommand) command).getKey();
      CompletableFuture<@Nullable Object> underWay = new CompletableFuture<>();
      loads.put(wanted, underWay);
      return invokeNextAndFinally(
          context,
          command,
          (unusedContext, load, entry, failure) -> {
            loads.remove(wanted, underWay);
            if (failure == null) {
              underWay.complete(entry);
            } else {
              underWay.completeExceptionally(failure);
            }
          });
    }
  }

  /** Last before memory: loads keep what was read, and writes reach the writer. */
  private final class Changes extends BaseAsyncInterceptor {
    private final InvocationSuccessFunction<DataWriteCommand> decided =
        (context, command, result) -> {
          Map<ClusterKey, WriteBehind.Change> change = SourceWrites.changeOf(context, command);
          return change.isEmpty() ? result : delayedValue(source.write(change), result);
        };

    @Override
    public @Nullable Object visitCommand(InvocationContext context, VisitableCommand command)
        throws Throwable {
      if (isLoad(command)) {
        return keep(context, (PutKeyValueCommand) command);
      }
      return writes && command instanceof DataWriteCommand one && isToBeWritten(context, one)
          ? invokeNextThenApply(context, one, decided)
          : invokeNext(context, command);
    }

    private boolean isToBeWritten(InvocationContext context, DataWriteCommand command) {
      return !(command instanceof EvictCommand)
          && !(command instanceof RemoveExpiredCommand)
          && !command.hasAnyFlag(FlagBitSets.BACKUP_WRITE | FlagBitSets.CACHE_MODE_LOCAL)
          && !SourceWrites.takesAwayTombstone(context, command);
    }

    /**
     * Whatever was loaded now goes to all owners, and what is in memory here if it is an owner that
     * misses it: a conditional write may have loaded it, and changed nothing.
     *
     * <p>The command itself is what the engine passes to the backups, and makes again if owners
     * change: then it is a load once more, whatever its value.
     */
    private @Nullable Object keep(InvocationContext context, PutKeyValueCommand load) {
      MVCCEntry<?, ?> entry = (MVCCEntry<?, ?>) context.lookupEntry(load.getKey());
      Envelope there = (Envelope) entry.getValue();
      if (there == null || !(entry.isLoaded() || isMissedByOwner(context, load, there))) {
        return unwritten(load, there);
      }
      load.setValue(there);
      load.setMetadata(source.metadata(there));
      if (entry.isLoaded()) {
        entry.setCreated(true);
        entry.setChanged(true);
      } // else it stays here as it is, with the end it has
      return there;
    }

    private boolean isMissedByOwner(
        InvocationContext context, PutKeyValueCommand load, Envelope there) {
      return !context.isOriginLocal()
          && !there.isTombstone()
          && distribution
              .getCacheTopology()
              .getSegmentDistribution(load.getSegment())
              .writeOwners()
              .contains(context.getOrigin());
    }
  }
}
