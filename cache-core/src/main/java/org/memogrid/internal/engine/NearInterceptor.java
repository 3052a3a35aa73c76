/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Collection;
import org.infinispan.commands.DataCommand;
import org.infinispan.commands.VisitableCommand;
import org.infinispan.commands.write.ClearCommand;
import org.infinispan.commands.write.WriteCommand;
import org.infinispan.context.InvocationContext;
import org.infinispan.interceptors.BaseAsyncInterceptor;
import org.infinispan.interceptors.InvocationFinallyAction;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * Tells the near map of a cache of every write that reaches this member: it stands outside of the
 * interceptor that changes the container, so a write tells that it begins before it changes
 * anything, and that it is over before anybody hears that it was done. Writes of users here and
 * elsewhere, invalidations, expiries, and the entries that arrive when owners change all come this
 * way; what a full container lets go does not. The copies of what other members hold, if there are
 * any, are told the end of a write alone.
 */
final class NearInterceptor extends BaseAsyncInterceptor {
  private final NearMap<ClusterKey, Envelope> near;
  private final NearSource source;
  private final InvocationFinallyAction<VisitableCommand> oneWritten =
      (context, command, result, failure) -> written(((DataCommand) command).getKey());
  private final InvocationFinallyAction<VisitableCommand> manyWritten =
      (context, command, result, failure) ->
          ((WriteCommand) command).getAffectedKeys().forEach(this::written);
  private final InvocationFinallyAction<VisitableCommand> allWritten =
      (context, command, result, failure) -> allWritten();

  /** Null if nothing is copied that this member does not hold. */
  private volatile @Nullable NearCopies<ClusterKey, Envelope> copies;

  NearInterceptor(NearMap<ClusterKey, Envelope> near, NearSource source) {
    this.near = near;
    this.source = source;
  }

  NearMap<ClusterKey, Envelope> near() {
    return near;
  }

  NearSource source() {
    return source;
  }

  @Nullable NearCopies<ClusterKey, Envelope> copies() {
    return copies;
  }

  /**
   * Has the copies told of the end of every write that reaches this member. A write that is under
   * way now is told of too, so copies may be taken from now on.
   */
  void tell(NearCopies<ClusterKey, Envelope> copies) {
    this.copies = copies;
  }

  @Override
  public Object visitCommand(InvocationContext context, VisitableCommand command) throws Throwable {
    if (!(command instanceof WriteCommand write)) {
      return invokeNext(context, command);
    }
    if (command instanceof DataCommand one) {
      writing(one.getKey());
      return invokeNextAndFinally(context, command, oneWritten);
    }
    Collection<?> keys = write.getAffectedKeys();
    if (command instanceof ClearCommand || keys.isEmpty()) {
      near.clearing();
      return invokeNextAndFinally(context, command, allWritten);
    }
    keys.forEach(this::writing);
    return invokeNextAndFinally(context, command, manyWritten);
  }

  // Other keys are of caches that somebody opened on our engine by himself.

  private void writing(Object key) {
    if (key instanceof ClusterKey place) {
      near.writing(place);
    }
  }

  private void written(Object key) {
    if (key instanceof ClusterKey place) {
      near.written(place);
      NearCopies<ClusterKey, Envelope> there = copies;
      if (there != null) {
        there.written(place);
      }
    }
  }

  private void allWritten() {
    near.cleared();
    NearCopies<ClusterKey, Envelope> there = copies;
    if (there != null) {
      there.cleared();
    }
  }
}
