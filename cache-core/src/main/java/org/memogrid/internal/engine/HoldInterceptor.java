/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.concurrent.CompletableFuture;
import org.infinispan.commands.DataCommand;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.read.GetAllCommand;
import org.infinispan.commands.write.PutMapCommand;
import org.infinispan.commands.write.RemoveExpiredCommand;
import org.infinispan.commands.write.WriteCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.context.impl.FlagBitSets;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.interceptors.InvocationSuccessFunction;
import org.jspecify.annotations.Nullable;

/**
 * What users do to a cache in files passes here, on the member that asks and on the one that orders
 * writes: it is refused while the cache's {@link Recovery} holds, and the answer to a write waits
 * until nobody who may have missed it can be taken for one that has it.
 *
 * <p>The entries that owners send each other, and those that are put back, pass.
 */
final class HoldInterceptor extends BaseAsyncInterceptor {
  /** Marks what is put back; no other site is ever told of anything here. */
  static final long PUT_BACK = FlagBitSets.SKIP_XSITE_BACKUP;

  private final Recovery recovery;
  private final Serving serving;
  private final DistributionManager distribution;
  private final InvocationSuccessFunction<VisitableCommand> written;

  HoldInterceptor(Recovery recovery, DistributionManager distribution) {
    this.recovery = recovery;
    this.serving = recovery.serving();
    this.distribution = distribution;
    this.written = (context, command, result) -> whenConfirmed(result);
  }

  Recovery recovery() {
    return recovery;
  }

  @Override
  public Object visitCommand(InvocationContext context, VisitableCommand command) throws Throwable {
    if (command instanceof WriteCommand write) {
      return isOrdered(context, write)
          ? write(context, write)
          : invokeNext(context, command); // a copy of what another member ordered
    }
    if (command instanceof DataCommand || command instanceof GetAllCommand) {
      serving.requireServing();
    }
    return invokeNext(context, command);
  }

  private Object write(InvocationContext context, WriteCommand command) {
    if (!command.hasAnyFlag(PUT_BACK) && !(command instanceof RemoveExpiredCommand)) {
      serving.requireServing();
    }
    return invokeNextThenApply(context, command, written);
  }

  private @Nullable Object whenConfirmed(@Nullable Object result) {
    CompletableFuture<Void> confirmed = serving.confirmed();
    return confirmed == null ? result : asyncValue(confirmed.thenApply(nothing -> result));
  }

  private boolean isOrdered(InvocationContext context, WriteCommand command) {
    if (command.hasAnyFlag(FlagBitSets.PUT_FOR_STATE_TRANSFER | FlagBitSets.BACKUP_WRITE)) {
      return false;
    }
    if (context.isOriginLocal()) {
      return true;
    }
    if (command instanceof DataCommand one) {
      return distribution.getCacheTopology().getDistribution(one.getKey()).isPrimary();
    }
    return command instanceof PutMapCommand all && !all.isForwarded();
  }
}
