/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import java.util.List;
import javax.transaction.xa.XAResource;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.InDoubtTransaction;

/** The transactions of a member's threads. Thread-safe. */
public interface Transacting {
  /** What runs in one. */
  @FunctionalInterface
  interface Body<T extends @Nullable Object, E extends Exception> {
    T call() throws E;
  }

  /** Whether the calling thread is in one. */
  boolean isActive();

  /**
   * Runs the body in the calling thread's transaction, which can only be rolled back if the body
   * throws; if there is none, in a new one, which is over when this returns or throws.
   *
   * @throws org.memogrid.cache.TransactionConflictException if another was in the way
   * @throws org.memogrid.cache.CacheException if it could not be committed for another reason
   */
  <T extends @Nullable Object, E extends Exception> T call(Body<T, E> body) throws E;

  /** What a manager's recovery asks of, and tells, the cluster's recoverable caches. */
  XAResource recovery();

  /** What is prepared in them of transactions whose members are lost, oldest first. */
  List<InDoubtTransaction> inDoubt();
}
