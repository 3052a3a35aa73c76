/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.write.PutMapCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.distribution.LocalizedCacheTopology;
import org.infinispan.interceptors.AsyncInterceptorChain;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.interceptors.distribution.BaseDistributionInterceptor;
import org.infinispan.metadata.Metadata;
import org.memogrid.internal.store.Envelope;

/**
 * Writes a {@code putAll} to what members share, as {@link EarlyWrites} does one write: each entry
 * by the primary owner of its key, under the key's lock, before any memory changes. The engine
 * tells the backups first, and has them write the store as well:
 *
 * <ol>
 *   <li>The primary owner has the entry, also in the store, and lets go of the lock.
 *   <li>Another write of the key is confirmed.
 *   <li>A backup that is late writes the first entry to the store, over the second. It is read from
 *       there when memory has let go of the second.
 * </ol>
 *
 * <p>A backup that was told of a batch may order its keys by the time the batch arrives, since who
 * sent it was lost: it does not write it either, and the engine refuses it then as overtaken.
 */
final class EarlyBatches extends BaseAsyncInterceptor {
  private final DistributionManager distribution;
  private final Target target;

  /** Where they are written. */
  interface Target {
    /** Done when they are there. */
    CompletionStage<Void> write(Map<ClusterKey, Envelope> entries, Metadata metadata);
  }

  private EarlyBatches(DistributionManager distribution, Target target) {
    this.distribution = distribution;
    this.target = target;
  }

  /** Before the cache starts. */
  static void install(
      AsyncInterceptorChain chain, DistributionManager distribution, Target target) {
    chain.addInterceptorBefore(
        new EarlyBatches(distribution, target),
        chain.findInterceptorExtending(BaseDistributionInterceptor.class).getClass());
  }

  @Override
  public Object visitCommand(InvocationContext context, VisitableCommand command) throws Throwable {
    if (!(command instanceof PutMapCommand many) || many.isForwarded()) { // to a backup
      return invokeNext(context, command);
    }
    LocalizedCacheTopology topology = distribution.getCacheTopology();
    Map<ClusterKey, Envelope> ordered = new HashMap<>();
    many.getMap()
        .forEach(
            (key, entry) -> {
              if (topology.getDistribution(key).isPrimary()) {
                ordered.put((ClusterKey) key, (Envelope) entry);
              }
            });
    return ordered.isEmpty()
        ? invokeNext(context, command)
        : asyncInvokeNext(context, command, target.write(ordered, many.getMetadata()));
  }
}
