/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.write.WriteCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.interceptors.InvocationSuccessFunction;
import org.infinispan.persistence.manager.PersistenceManager;
import org.jspecify.annotations.Nullable;

/**
 * Refuses, before memory has it, what the files of a cache would refuse behind the writer's back: a
 * key that is too long, and every write after one that failed.
 */
final class FilesBehind extends BaseAsyncInterceptor {
  private final PersistenceManager stores;
  private final EntryMarshaller marshaller;
  private final InvocationSuccessFunction<VisitableCommand> stillSound;
  private volatile @Nullable CheckedStore<?, ?> files;

  FilesBehind(PersistenceManager stores, EntryMarshaller marshaller) {
    this.stores = stores;
    this.marshaller = marshaller;
    this.stillSound =
        (context, command, result) -> {
          files().requireSound(); // who waited for room may have waited for those that failed
          return result;
        };
  }

  @Override
  public Object visitCommand(InvocationContext context, VisitableCommand command) throws Throwable {
    if (!(command instanceof WriteCommand write)) {
      return invokeNext(context, command);
    }
    CheckedStore<?, ?> to = files();
    to.requireSound();
    for (Object key : write.getAffectedKeys()) {
      to.requireFits(marshaller.objectToByteBuffer(key).length);
    }
    return invokeNextThenApply(context, command, stillSound);
  }

  private CheckedStore<?, ?> files() {
    CheckedStore<?, ?> known = files;
    if (known == null) {
      known = stores.getStores(CheckedStore.class).iterator().next();
      files = known;
    }
    return known;
  }
}
