/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import jakarta.transaction.TransactionManager;
import org.infinispan.commons.tx.lookup.TransactionManagerLookup;

/** Tells a cache of its member's transaction manager. */
record ManagerLookup(TransactionManager manager) implements TransactionManagerLookup {
  @Override
  public TransactionManager getTransactionManager() {
    return manager;
  }
}
