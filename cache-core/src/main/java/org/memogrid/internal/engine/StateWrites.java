/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.commands.FlagAffectedCommand;
import org.infinispan.container.entries.ReadCommittedEntry;
import org.infinispan.context.InvocationContext;
import org.infinispan.context.impl.FlagBitSets;
import org.infinispan.interceptors.impl.DistCacheWriterInterceptor;

/**
 * Writes the state that a new owner is given to its files, in the engine's place: after memory has
 * taken it, and by {@link StateTurns} never beside a write of its key. The engine keeps its memory
 * in order, but not what is below:
 *
 * <ol>
 *   <li>An owner sends an entry to a new one.
 *   <li>The entry is written anew, at the new owner too, in its memory and in its files.
 *   <li>What was sent arrives. Memory refuses it, since it was overtaken; the files do not.
 *   <li>All are killed, and the old entry is put back from these files.
 * </ol>
 */
final class StateWrites extends DistCacheWriterInterceptor {
  /** State alone; {@link StateTurns} has the engine's own writer leave it. */
  @Override
  protected boolean isStoreEnabled(FlagAffectedCommand command) {
    return command.hasAnyFlag(FlagBitSets.PUT_FOR_STATE_TRANSFER);
  }

  /** Whether memory has taken it. */
  @Override
  protected boolean isProperWriter(
      InvocationContext context, FlagAffectedCommand command, Object key) {
    return context.lookupEntry(key) instanceof ReadCommittedEntry<?, ?> entry
        && entry.isCommitted();
  }
}
