/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

/**
 * A transaction met another and gave way: what it had read was changed by that one, or what it
 * wanted was locked for too long. It has been rolled back, or will be: nothing that it wrote is
 * there. Run it again.
 *
 * @see Transactions#call(org.memogrid.cluster.Cluster, int, Transactions.Work)
 */
public final class TransactionConflictException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** For the caches. */
  public TransactionConflictException(String message, Throwable cause) {
    super(message, cause);
  }
}
