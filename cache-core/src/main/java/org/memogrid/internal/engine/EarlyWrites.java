/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.commands.write.ClearCommand;
import org.infinispan.commands.write.PutMapCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.interceptors.impl.DistCacheWriterInterceptor;

/**
 * Writes to the store that members share, in the engine's place: the primary owner writes there
 * before it tells the backups, and so before anything is changed in any memory. The engine would
 * write there last:
 *
 * <ol>
 *   <li>The primary owner tells the backups of a write, and they do it.
 *   <li>The store refuses it, the write fails, and the primary owner leaves memory as it was.
 *   <li>The backups serve what was never written; after the primary owner's end all do.
 * </ol>
 *
 * <p>And a removal that the backups have done, and the store not yet, would be undone there by the
 * next read, which finds nothing in memory and the old entry in the store.
 */
final class EarlyWrites extends DistCacheWriterInterceptor {
  /** {@link EarlyBatches} has done so. */
  @Override
  public Object visitPutMapCommand(InvocationContext context, PutMapCommand command) {
    return invokeNext(context, command);
  }

  /** {@link GuardInterceptor} has done so. */
  @Override
  public Object visitClearCommand(InvocationContext context, ClearCommand command) {
    return invokeNext(context, command);
  }
}
