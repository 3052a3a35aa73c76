/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.infinispan.persistence.manager.PersistenceManager.AccessMode.BOTH;

import java.util.Collection;
import org.infinispan.commands.DataCommand;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.write.ClearCommand;
import org.infinispan.commands.write.WriteCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.interceptors.InvocationFinallyAction;
import org.infinispan.persistence.manager.PersistenceManager;

/**
 * Tells a cache's {@link LoadGuard} of every write that reaches this member, as {@link
 * NearInterceptor} tells its near map. With a store that members share it also empties the store
 * before any member empties its memory: the engine would do so last, and a load in between would
 * bring back what another member has let go.
 */
final class GuardInterceptor extends BaseAsyncInterceptor {
  private final LoadGuard guard;
  private final PersistenceManager stores;
  private final boolean shared;
  private final InvocationFinallyAction<VisitableCommand> oneWritten;
  private final InvocationFinallyAction<VisitableCommand> manyWritten;
  private final InvocationFinallyAction<VisitableCommand> allWritten;

  GuardInterceptor(LoadGuard guard, PersistenceManager stores, boolean shared) {
    this.guard = guard;
    this.stores = stores;
    this.shared = shared;
    this.oneWritten =
        (context, command, result, failure) -> guard.written(((DataCommand) command).getKey());
    this.manyWritten =
        (context, command, result, failure) ->
            ((WriteCommand) command).getAffectedKeys().forEach(guard::written);
    this.allWritten = (context, command, result, failure) -> guard.cleared();
  }

  @Override
  public Object visitCommand(InvocationContext context, VisitableCommand command) throws Throwable {
    if (!(command instanceof WriteCommand write)) {
      return invokeNext(context, command);
    }
    if (command instanceof DataCommand one) {
      guard.writing(one.getKey());
      return invokeNextAndFinally(context, command, oneWritten);
    }
    Collection<?> keys = write.getAffectedKeys();
    if (command instanceof ClearCommand || keys.isEmpty()) {
      return clear(context, command);
    }
    keys.forEach(guard::writing);
    return invokeNextAndFinally(context, command, manyWritten);
  }

  private Object clear(InvocationContext context, VisitableCommand command) {
    guard.clearing();
    return shared && command instanceof ClearCommand && context.isOriginLocal()
        ? makeStage(asyncInvokeNext(context, command, stores.clearAllStores(BOTH)))
            .andFinally(context, command, allWritten)
        : invokeNextAndFinally(context, command, allWritten);
  }
}
