/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.write.ClearCommand;
import org.infinispan.commands.write.DataWriteCommand;
import org.infinispan.commands.write.WriteCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.context.impl.FlagBitSets;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.distribution.LocalizedCacheTopology;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.interceptors.InvocationFinallyAction;
import org.infinispan.interceptors.distribution.TriangleDistributionInterceptor;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachelistener.CacheNotifier;
import org.infinispan.notifications.cachelistener.annotation.TopologyChanged;
import org.infinispan.notifications.cachelistener.event.TopologyChangedEvent;
import org.infinispan.remoting.transport.Address;
import org.infinispan.statetransfer.OutdatedTopologyException;
import org.infinispan.util.concurrent.CommandAckCollector;
import org.jspecify.annotations.Nullable;

/**
 * Has a write made again whose primary owner is gone before all owners have said that they have it.
 * Without this:
 *
 * <ol>
 *   <li>A member sends a write to the primary owner of its key, and waits for that one's answer and
 *       for a word of each other owner.
 *   <li>The primary owner answers, and is killed before it passes the write on.
 *   <li>The others never hear of the write. The engine gives up waiting for owners that are gone,
 *       but these are there: the caller waits for 15 s, and gets an error.
 * </ol>
 *
 * <p>The write is ended as one of an outdated topology, which the engine makes again in the present
 * one, as it does if the primary owner is gone before it answers. It is on condition that a
 * repeated write finds what was expected or its own work.
 *
 * <p>Invariants: a write is noted before the engine begins to wait for others, and a topology is
 * the present one before the listener is told of it. So if the listener does not find a write whose
 * primary owner is gone, that write is sent after the engine has noticed: nobody answers it, and
 * that it treats as said. Thread-safe.
 */
@Listener(observation = Listener.Observation.POST)
final class OrphanedWrites extends BaseAsyncInterceptor {
  private final DistributionManager distribution;
  private final CommandAckCollector waiting;
  private final Address self;
  private final Map<Long, Sent> underWay = new ConcurrentHashMap<>();
  private final InvocationFinallyAction<VisitableCommand> over =
      (context, command, result, failure) -> underWay.remove(id((WriteCommand) command));

  /** A write of this member's, and the others that order it. */
  private record Sent(int topology, Set<Address> primaries) {}

  private OrphanedWrites(
      DistributionManager distribution, CommandAckCollector waiting, Address self) {
    this.distribution = distribution;
    this.waiting = waiting;
    this.self = self;
  }

  /**
   * Before the cache starts, if the writer waits for each owner by itself, as in a distributed one:
   * in a replicated one the primary owner answers when all have the write.
   */
  static void install(BasicComponentRegistry components, Address self) {
    AsyncInterceptorChain chain = components.getComponent(AsyncInterceptorChain.class).wired();
    if (chain.findInterceptorWithClass(TriangleDistributionInterceptor.class) == null) {
      return;
    }
    OrphanedWrites writes =
        new OrphanedWrites(
            components.getComponent(DistributionManager.class).wired(),
            components.getComponent(CommandAckCollector.class).wired(),
            self);
    chain.addInterceptorBefore(writes, TriangleDistributionInterceptor.class);
    components.getComponent(CacheNotifier.class).wired().addListener(writes);
  }

  @Override
  public Object visitCommand(InvocationContext context, VisitableCommand command) throws Throwable {
    Sent sent =
        command instanceof WriteCommand write && context.isOriginLocal() ? sent(write) : null;
    if (sent == null) {
      return invokeNext(context, command);
    }
    underWay.put(id((WriteCommand) command), sent);
    return invokeNextAndFinally(context, command, over);
  }

  private static long id(WriteCommand command) {
    return command.getCommandInvocationId().getId();
  }

  /** Null if no other member orders it. */
  private @Nullable Sent sent(WriteCommand write) {
    if (write instanceof ClearCommand || write.hasAnyFlag(FlagBitSets.CACHE_MODE_LOCAL)) {
      return null;
    }
    LocalizedCacheTopology topology = distribution.getCacheTopology();
    if (write instanceof DataWriteCommand one) {
      Address primary = topology.getSegmentDistribution(one.getSegment()).primary();
      return primary == null || primary.equals(self)
          ? null
          : new Sent(write.getTopologyId(), Set.of(primary));
    }
    Set<Address> others = new HashSet<>();
    for (Object key : write.getAffectedKeys()) {
      Address primary = topology.getDistribution(key).primary();
      if (primary != null && !primary.equals(self)) {
        others.add(primary);
      }
    }
    return others.isEmpty() ? null : new Sent(write.getTopologyId(), others);
  }

  /** The engine makes a write again on the thread that ends it, as it does elsewhere. */
  @TopologyChanged
  public void onTopology(TopologyChangedEvent<?, ?> event) {
    Collection<Address> members = event.getWriteConsistentHashAtEnd().getMembers();
    underWay.forEach(
        (id, sent) -> {
          if (!members.containsAll(sent.primaries)) {
            waiting.completeExceptionally(
                id, OutdatedTopologyException.RETRY_NEXT_TOPOLOGY, sent.topology);
          }
        });
  }
}
