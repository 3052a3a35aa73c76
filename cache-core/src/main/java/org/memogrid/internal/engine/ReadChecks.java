/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.HashSet;
import java.util.Set;
import org.infinispan.commands.CommandsFactory;
import org.infinispan.commands.tx.PrepareCommand;
import org.infinispan.commands.write.WriteCommand;
import org.infinispan.context.impl.FlagBitSets;
import org.infinispan.context.impl.TxInvocationContext;
import org.infinispan.distribution.ch.KeyPartitioner;
import org.infinispan.interceptors.DDAsyncInterceptor;
import org.infinispan.metadata.EmbeddedMetadata;
import org.infinispan.statetransfer.OutdatedTopologyException;
import org.infinispan.transaction.impl.LocalTransaction;
import org.memogrid.internal.store.Envelope;

/**
 * Has an optimistic transaction stand on all that it read. The engine compares, under the lock of
 * each key that is written, the version with the one that was read; what was only read it does not
 * look at:
 *
 * <ol>
 *   <li>A reads x and y, B reads x and y.
 *   <li>A writes x, B writes y, each because of what it saw of the other.
 *   <li>Both commit, though neither could have been second.
 * </ol>
 *
 * <p>And one that only reads may find x before another's commit and y after it. So to the writes of
 * a transaction is added, for each key that was read alone, a replacement on a condition that never
 * holds: the key is locked and its version compared, and nothing is written.
 */
final class ReadChecks extends DDAsyncInterceptor {
  /** The version of nothing: versions are random. */
  private static final Envelope NEVER = Envelope.tombstone(new Envelope.Version(0, 0));

  private final String cache;
  private final CommandsFactory commands;
  private final KeyPartitioner placement;

  ReadChecks(String cache, CommandsFactory commands, KeyPartitioner placement) {
    this.cache = cache;
    this.commands = commands;
    this.placement = placement;
  }

  @Override
  @SuppressWarnings("rawtypes") // the engine's signature
  public Object visitPrepareCommand(TxInvocationContext context, PrepareCommand command) {
    if (!context.isOriginLocal()) {
      return invokeNext(context, command);
    }
    PrepareCommand complete = complete((LocalTransaction) context.getCacheTransaction(), command);
    return invokeNextAndExceptionally(
        context,
        complete,
        (at, prepare, failure) -> {
          throw failure instanceof OutdatedTopologyException
                  || !TransactionFailure.isConflict(failure)
              ? failure
              : TransactionFailure.inPrepare(cache, failure);
        });
  }

  /** Also when the command comes again since owners have changed: then the checks are there. */
  private PrepareCommand complete(LocalTransaction transaction, PrepareCommand command) {
    Set<Object> unchecked = new HashSet<>(transaction.getVersionsRead().keySet());
    for (WriteCommand write : transaction.getModifications()) {
      unchecked.removeAll(write.getAffectedKeys());
    }
    for (Object key : unchecked) {
      transaction.addModification(check(key));
      transaction.addAffectedKey(key);
    }
    if (transaction.getModifications().size() == command.getModifications().size()) {
      return command;
    }
    PrepareCommand complete =
        commands.buildVersionedPrepareCommand(
            transaction.getGlobalTransaction(), transaction.getModifications(), false);
    complete.setReplayEntryWrapping(command.isReplayEntryWrapping());
    complete.setTopologyId(command.getTopologyId());
    return complete;
  }

  private WriteCommand check(Object key) {
    return commands.buildReplaceCommand(
        key,
        NEVER,
        NEVER,
        placement.getSegment(key),
        new EmbeddedMetadata.Builder().build(),
        FlagBitSets.IGNORE_RETURN_VALUES);
  }
}
