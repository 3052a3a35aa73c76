/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.write.ClearCommand;
import org.infinispan.commands.write.PutKeyValueCommand;
import org.infinispan.commands.write.WriteCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.context.impl.FlagBitSets;
import org.infinispan.interceptors.BaseAsyncInterceptor;

/** Has the state that a new owner is given and the writes of a key pass in {@link StateOrder}. */
final class StateTurns extends BaseAsyncInterceptor {
  private final StateOrder order = new StateOrder();

  @Override
  public Object visitCommand(InvocationContext context, VisitableCommand command) {
    if (command instanceof PutKeyValueCommand put
        && put.hasAnyFlag(FlagBitSets.PUT_FOR_STATE_TRANSFER)) {
      put.addFlags(FlagBitSets.SKIP_CACHE_STORE); // of the engine's own writer
      return state(context, put);
    }
    if (command instanceof WriteCommand write && !(command instanceof ClearCommand)) {
      return write(context, write, List.copyOf(write.getAffectedKeys()), 0);
    }
    return invokeNext(context, command);
  }

  private Object state(InvocationContext context, PutKeyValueCommand put) {
    CompletableFuture<Void> busy = order.beginState(put.getKey());
    return busy == null
        ? invokeNextAndFinally(context, put, (c, ended, done, thrown) -> order.end(ended.getKey()))
        : asyncValue(busy).thenApply(context, put, (c, again, done) -> state(c, again));
  }

  private Object write(InvocationContext context, WriteCommand write, List<?> keys, int from) {
    for (int i = from; i < keys.size(); i++) {
      CompletableFuture<Void> busy = order.beginWrite(keys.get(i));
      if (busy != null) {
        int next = i;
        return asyncValue(busy)
            .thenApply(context, write, (c, again, done) -> write(c, again, keys, next));
      }
    }
    return invokeNextAndFinally(
        context, write, (c, ended, done, thrown) -> keys.forEach(order::end));
  }
}
