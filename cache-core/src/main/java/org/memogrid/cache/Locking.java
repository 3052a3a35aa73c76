/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

/**
 * How the transactions of a {@linkplain CacheOptions#transactional transactional} cache are kept
 * apart. With either, what commits could have run one after the other, as far as keys are concerned
 * that it asked for by name: a value that was read is still there when the transaction commits.
 */
public enum Locking {
  /**
   * Nobody waits until the end. A transaction commits if nothing that it read has been changed
   * since by another; else it is rolled back and its caller gets a {@link
   * TransactionConflictException}. What it touched is locked while it commits, and no longer. For
   * transactions that seldom meet.
   */
  OPTIMISTIC,

  /**
   * What a transaction reads or writes is locked in the whole cluster from then to its end, and
   * others that want it wait. Who waits for longer than ten seconds gets a {@link
   * TransactionConflictException}, and that is how a deadlock ends. For transactions that often
   * meet.
   */
  PESSIMISTIC
}
