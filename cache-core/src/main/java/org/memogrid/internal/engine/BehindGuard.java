/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Collection;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.write.EvictCommand;
import org.infinispan.commands.write.WriteCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.interceptors.InvocationSuccessFunction;
import org.infinispan.persistence.manager.PersistenceManager;
import org.jspecify.annotations.Nullable;

/**
 * Refuses, before anything changes, what files that are written behind would refuse when nobody
 * waits for them any more: a key that is too long, and every write after one that failed. One that
 * waited for room in the queue while that happened fails as well.
 */
final class BehindGuard extends BaseAsyncInterceptor {
  private final PersistenceManager stores;
  private final InvocationSuccessFunction<WriteCommand> taken = this::requireTaken;
  private volatile @Nullable CheckedStore<?, ?> files;

  BehindGuard(PersistenceManager stores) {
    this.stores = stores;
  }

  @Override
  public Object visitCommand(InvocationContext context, VisitableCommand command) throws Throwable {
    if (!(command instanceof WriteCommand write) || command instanceof EvictCommand) {
      return invokeNext(context, command);
    }
    files().requireSound();
    requireShort(write.getAffectedKeys());
    return invokeNextThenApply(context, write, taken);
  }

  private void requireShort(Collection<?> keys) {
    for (Object key : keys) {
      files().requireShort(EntryMarshaller.lengthOf((ClusterKey) key));
    }
  }

  private @Nullable Object requireTaken(
      InvocationContext unusedContext, WriteCommand unusedCommand, @Nullable Object result) {
    files().requireSound();
    return result;
  }

  /** There once the cache has started. */
  private CheckedStore<?, ?> files() {
    CheckedStore<?, ?> there = files;
    if (there == null) {
      there = stores.getStores(CheckedStore.class).iterator().next();
      files = there;
    }
    return there;
  }
}
