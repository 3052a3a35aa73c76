/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.commands.VisitableCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.persistence.manager.PersistenceManager;
import org.jspecify.annotations.Nullable;

/**
 * Refuses all calls of a cache whose {@linkplain TableHold table another process or cluster has} by
 * now: what memory has may be old.
 */
final class HeldGuard extends BaseAsyncInterceptor {
  private final PersistenceManager stores;
  private volatile @Nullable TableStore<?, ?> table;

  HeldGuard(PersistenceManager stores) {
    this.stores = stores;
  }

  @Override
  public Object visitCommand(InvocationContext context, VisitableCommand command) throws Throwable {
    TableStore<?, ?> there = table();
    if (there != null) {
      there.requireHeld();
    }
    return invokeNext(context, command);
  }

  /** There once the cache has started. */
  private @Nullable TableStore<?, ?> table() {
    TableStore<?, ?> there = table;
    if (there == null) {
      there = stores.getStores(TableStore.class).stream().findFirst().orElse(null);
      table = there;
    }
    return there;
  }
}
