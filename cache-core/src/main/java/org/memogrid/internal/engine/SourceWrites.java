/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.HashMap;
import java.util.Map;
import org.infinispan.commands.CommandInvocationId;
import org.infinispan.commands.DataCommand;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.write.ClearCommand;
import org.infinispan.commands.write.DataWriteCommand;
import org.infinispan.commands.write.EvictCommand;
import org.infinispan.commands.write.PutMapCommand;
import org.infinispan.commands.write.RemoveCommand;
import org.infinispan.container.entries.CacheEntry;
import org.infinispan.context.InvocationContext;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.interceptors.InvocationSuccessFunction;
import org.infinispan.remoting.transport.Address;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * Writes a cache's changes to its {@link Source}, in the place where the engine writes its stores:
 * when a change is decided, under the lock of its key, and before memory has it. A change that the
 * source refuses fails there.
 */
final class SourceWrites extends BaseAsyncInterceptor {
  private final Source source;
  private final InvocationSuccessFunction<DataWriteCommand> oneDecided = this::writeOne;
  private final InvocationSuccessFunction<PutMapCommand> manyDecided = this::writeMany;

  SourceWrites(Source source) {
    this.source = source;
  }

  @Override
  public Object visitCommand(InvocationContext context, VisitableCommand command) throws Throwable {
    if (command instanceof ClearCommand) {
      return asyncInvokeNext(context, command, source.clear());
    }
    if (command instanceof PutMapCommand many) {
      return invokeNextThenApply(context, many, manyDecided);
    }
    if (command instanceof DataWriteCommand one
        && !(command instanceof EvictCommand)
        && !takesAwayTombstone(context, command)) {
      return invokeNextThenApply(context, one, oneDecided);
    }
    return invokeNext(context, command);
  }

  /** A place that was held for a value is given back. */
  static boolean takesAwayTombstone(InvocationContext context, VisitableCommand command) {
    return command instanceof RemoveCommand removal
        && removal.isConditional()
        && isTombstone(entryOf(context, removal));
  }

  private static boolean isTombstone(@Nullable Envelope entry) {
    return entry != null && entry.isTombstone();
  }

  private static @Nullable Envelope entryOf(InvocationContext context, DataCommand command) {
    CacheEntry<?, ?> entry = context.lookupEntry(command.getKey());
    return entry == null ? null : (Envelope) entry.getValue();
  }

  private @Nullable Object writeOne(
      InvocationContext context, DataWriteCommand command, @Nullable Object result) {
    Map<ClusterKey, WriteBehind.Change> change = changeOf(context, command);
    return change.isEmpty() ? result : delayedValue(source.write(change), result);
  }

  /** What a command that was carried out is to change; nothing if it was decided against. */
  static Map<ClusterKey, WriteBehind.Change> changeOf(
      InvocationContext context, DataWriteCommand command) {
    boolean decided =
        command.isSuccessful()
            || (command instanceof RemoveCommand removal && !removal.isConditional());
    if (!decided) {
      return Map.of();
    }
    Envelope now = command instanceof RemoveCommand ? null : entryOf(context, command);
    return Map.of(
        (ClusterKey) command.getKey(),
        new WriteBehind.Change(now, now == null ? removal(command) : null));
  }

  /** The same wherever the command is carried out, and however often. */
  private static Envelope.Version removal(DataWriteCommand command) {
    CommandInvocationId id = command.getCommandInvocationId();
    Address from = id.getAddress();
    return new Envelope.Version(
        from == null ? 0 : from.getNodeUUID().getLeastSignificantBits(), id.getId());
  }

  private @Nullable Object writeMany(
      InvocationContext context, PutMapCommand command, @Nullable Object result) {
    Map<ClusterKey, WriteBehind.Change> all = new HashMap<>();
    command
        .getMap()
        .forEach(
            (key, entry) -> all.put((ClusterKey) key, new WriteBehind.Change((Envelope) entry)));
    return delayedValue(source.write(all), result);
  }
}
