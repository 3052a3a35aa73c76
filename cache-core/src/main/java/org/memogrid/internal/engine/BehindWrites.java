/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.write.ClearCommand;
import org.infinispan.commands.write.DataWriteCommand;
import org.infinispan.commands.write.EvictCommand;
import org.infinispan.commands.write.PutMapCommand;
import org.infinispan.commands.write.RemoveExpiredCommand;
import org.infinispan.configuration.cache.Configuration;
import org.infinispan.configuration.cache.CustomStoreConfiguration;
import org.infinispan.configuration.cache.StoreConfiguration;
import org.infinispan.context.InvocationContext;
import org.infinispan.context.impl.FlagBitSets;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.distribution.LocalizedCacheTopology;
import org.infinispan.distribution.ch.ConsistentHash;
import org.infinispan.distribution.ch.KeyPartitioner;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.interceptors.InvocationSuccessFunction;
import org.infinispan.interceptors.impl.CallInterceptor;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachelistener.CacheNotifier;
import org.infinispan.notifications.cachelistener.annotation.PartitionStatusChanged;
import org.infinispan.notifications.cachelistener.annotation.TopologyChanged;
import org.infinispan.notifications.cachelistener.event.PartitionStatusChangedEvent;
import org.infinispan.notifications.cachelistener.event.TopologyChangedEvent;
import org.infinispan.partitionhandling.AvailabilityMode;
import org.infinispan.remoting.rpc.RpcManager;
import org.infinispan.remoting.transport.Address;
import org.infinispan.topology.CacheTopology;
import org.infinispan.topology.LocalTopologyManager;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.behind.Share;
import org.memogrid.internal.store.Envelope;

/**
 * Tells a {@link SharedBehind} what is changed, in the place where {@link EarlyWrites} writes: on
 * the member that orders a key when the change is decided, under the key's lock and before the
 * backups hear of it, and on a backup when it has the change.
 */
final class BehindWrites extends BaseAsyncInterceptor {
  /**
   * Properties of a store's configuration: how many keys may wait, how many are written at once.
   */
  static final String QUEUE = "queue";

  static final String BATCH = "batch";

  private final SharedBehind behind;
  private final DistributionManager distribution;
  private final Predicate<WriteBehind.Change> written;
  private final InvocationSuccessFunction<DataWriteCommand> decided = this::write;
  private final InvocationSuccessFunction<DataWriteCommand> copied = this::keep;
  private final InvocationSuccessFunction<PutMapCommand> manyCopied = this::keepMany;

  private BehindWrites(
      SharedBehind behind,
      DistributionManager distribution,
      Predicate<WriteBehind.Change> written) {
    this.behind = behind;
    this.distribution = distribution;
    this.written = written;
  }

  /** What is written behind by that configuration; null if it is not. */
  static @Nullable SharedBehind find(
      BasicComponentRegistry components,
      Configuration configuration,
      Behinds behinds,
      String name) {
    for (StoreConfiguration store : configuration.persistence().stores()) {
      if (store.shared()
          && store instanceof CustomStoreConfiguration custom
          && custom.properties().getProperty(QUEUE) != null) {
        SharedBehind behind =
            new SharedBehind(
                name,
                new SharedBehind.Limits(
                    Integer.parseInt(custom.properties().getProperty(QUEUE)),
                    Integer.parseInt(custom.properties().getProperty(BATCH))),
                components.getComponent(KeyPartitioner.class).wired(),
                behinds);
        behinds.add(name, behind);
        return behind;
      }
    }
    return null;
  }

  /**
   * Before the cache starts.
   *
   * @param written which changes are
   */
  static void install(
      BasicComponentRegistry components,
      SharedBehind behind,
      Predicate<WriteBehind.Change> written) {
    AsyncInterceptorChain chain = components.getComponent(AsyncInterceptorChain.class).wired();
    DistributionManager distribution = components.getComponent(DistributionManager.class).wired();
    BehindWrites writes = new BehindWrites(behind, distribution, written);
    chain.addInterceptorBefore(writes, CallInterceptor.class);
    EarlyBatches.install(chain, distribution, (entries, unused) -> writes.writeMany(entries));
    CacheNotifier<?, ?> notifier = components.getComponent(CacheNotifier.class).wired();
    Address self = components.getComponent(RpcManager.class).wired().getAddress();
    notifier.addListener(
        new Before(behind, self, components.getComponent(LocalTopologyManager.class).wired()));
    notifier.addListener(new Status(behind));
  }

  @Override
  public @Nullable Object visitCommand(InvocationContext context, VisitableCommand command)
      throws Throwable {
    if (command instanceof ClearCommand) {
      behind.cleared();
      return invokeNext(context, command);
    }
    if (command instanceof PutMapCommand many) {
      return many.isForwarded()
          ? invokeNextThenApply(context, many, manyCopied)
          : invokeNext(context, many); // EarlyBatches has written it
    }
    if (!(command instanceof DataWriteCommand one) || !isChange(context, one)) {
      return invokeNext(context, command);
    }
    return one.hasAnyFlag(FlagBitSets.BACKUP_WRITE)
        ? invokeNextThenApply(context, one, copied)
        : invokeNextThenApply(context, one, decided);
  }

  private static boolean isChange(InvocationContext context, DataWriteCommand command) {
    return !(command instanceof EvictCommand)
        && !(command instanceof RemoveExpiredCommand)
        && !command.hasAnyFlag(FlagBitSets.CACHE_MODE_LOCAL | FlagBitSets.PUT_FOR_STATE_TRANSFER)
        && !SharedSource.isLoaded(command)
        && !SourceWrites.takesAwayTombstone(context, command);
  }

  private @Nullable Object write(
      InvocationContext context, DataWriteCommand command, @Nullable Object result) {
    Map<ClusterKey, WriteBehind.Change> change = changeOf(context, command);
    return change.isEmpty() ? result : delayedValue(behind.write(change), result);
  }

  private @Nullable Object keep(
      InvocationContext context, DataWriteCommand command, @Nullable Object result) {
    behind.keep(changeOf(context, command));
    return result;
  }

  private Map<ClusterKey, WriteBehind.Change> changeOf(
      InvocationContext context, DataWriteCommand command) {
    Map<ClusterKey, WriteBehind.Change> change = SourceWrites.changeOf(context, command);
    return change.values().stream().allMatch(written) ? change : Map.of();
  }

  private CompletionStage<Void> writeMany(Map<ClusterKey, ?> entries) {
    return behind.write(changes(entries));
  }

  private @Nullable Object keepMany(
      InvocationContext context, PutMapCommand command, @Nullable Object result) {
    Map<Object, Object> owned = new HashMap<>(command.getMap());
    LocalizedCacheTopology topology = distribution.getCacheTopology();
    owned.keySet().removeIf(key -> !topology.isWriteOwner(key));
    behind.keep(changes(owned));
    return result;
  }

  private Map<ClusterKey, WriteBehind.Change> changes(Map<?, ?> entries) {
    Map<ClusterKey, WriteBehind.Change> changes = new HashMap<>();
    entries.forEach(
        (key, entry) -> changes.put((ClusterKey) key, new WriteBehind.Change((Envelope) entry)));
    changes.values().removeIf(change -> !written.test(change));
    return changes;
  }

  /** The engine uses a topology when this listener is done with it. */
  @Listener(observation = Listener.Observation.PRE)
  static final class Before {
    private final SharedBehind behind;
    private final Address self;
    private final LocalTopologyManager topologies;

    Before(SharedBehind behind, Address self, LocalTopologyManager topologies) {
      this.behind = behind;
      this.self = self;
      this.topologies = topologies;
    }

    @TopologyChanged
    public CompletionStage<Void> onTopology(TopologyChangedEvent<?, ?> event) {
      ConsistentHash write = event.getWriteConsistentHashAtEnd();
      return behind.onTopology(
          share(event, self, isSteady(event)),
          write.getMembers().stream().map(Addresses::id).collect(Collectors.toSet()));
    }

    /** The engine has noted a topology before it tells of it, and has one at a time. */
    private boolean isSteady(TopologyChangedEvent<?, ?> event) {
      CacheTopology noted = topologies.getCacheTopology(event.getCache().getName());
      return (noted != null && noted.getTopologyId() == event.getNewTopologyId())
          ? noted.getPhase() == CacheTopology.Phase.NO_REBALANCE
          : event.getReadConsistentHashAtEnd().equals(event.getWriteConsistentHashAtEnd());
    }
  }

  private static Share share(TopologyChangedEvent<?, ?> event, Address self, boolean steady) {
    ConsistentHash read = event.getReadConsistentHashAtEnd();
    ConsistentHash write = event.getWriteConsistentHashAtEnd();
    BitSet ordered = new BitSet();
    BitSet owned = new BitSet();
    BitSet readable = new BitSet();
    for (int segment = 0; segment < write.getNumSegments(); segment++) {
      List<Address> owners = write.locateOwnersForSegment(segment);
      ordered.set(segment, !owners.isEmpty() && owners.get(0).equals(self));
      owned.set(segment, owners.contains(self));
      readable.set(segment, read.locateOwnersForSegment(segment).contains(self));
    }
    return new Share(event.getNewTopologyId(), ordered, owned, readable, steady);
  }

  /** Hears of splits. */
  @Listener(observation = Listener.Observation.POST)
  static final class Status {
    private final SharedBehind behind;

    Status(SharedBehind behind) {
      this.behind = behind;
    }

    @PartitionStatusChanged
    public void onStatus(PartitionStatusChangedEvent<?, ?> event) {
      behind.onCut(event.getAvailabilityMode() != AvailabilityMode.AVAILABLE);
    }
  }
}
