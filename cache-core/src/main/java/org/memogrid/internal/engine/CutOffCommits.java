/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.commands.tx.PrepareCommand;
import org.infinispan.context.impl.TxInvocationContext;
import org.infinispan.interceptors.DDAsyncInterceptor;
import org.infinispan.partitionhandling.AvailabilityMode;
import org.infinispan.partitionhandling.impl.PartitionHandlingManager;

/**
 * Refuses what a transaction would write on a side of a split that may not write it, before it is
 * sent. Without this:
 *
 * <ol>
 *   <li>A member locks keys, and is cut off.
 *   <li>The others miss it, roll back what it had begun, and go on with the keys.
 *   <li>It commits. The engine finds nobody to tell, takes the transaction for partly committed, to
 *       be finished when the cluster is whole, and the caller is told that it is committed.
 * </ol>
 */
final class CutOffCommits extends DDAsyncInterceptor {
  private final PartitionHandlingManager partitions;

  CutOffCommits(PartitionHandlingManager partitions) {
    this.partitions = partitions;
  }

  @Override
  @SuppressWarnings("rawtypes") // the engine's signature
  public Object visitPrepareCommand(TxInvocationContext context, PrepareCommand command) {
    if (context.isOriginLocal() && partitions.getAvailabilityMode() != AvailabilityMode.AVAILABLE) {
      for (Object key : context.getAffectedKeys()) {
        partitions.checkWrite(key);
      }
    }
    return invokeNext(context, command);
  }
}
