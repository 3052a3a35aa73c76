/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import jakarta.transaction.TransactionManager;
import org.infinispan.commons.tx.lookup.TransactionManagerLookup;
import org.infinispan.transaction.tm.EmbeddedTransactionManager;
import org.jspecify.annotations.Nullable;

/**
 * Tells a cache of its member's transaction manager. When a member opens a cache, the engine sends
 * the class's name to all: each has defined the cache with its own by then, and what comes so is
 * compared and dropped. Public for that.
 */
public final class ManagerLookup implements TransactionManagerLookup {
  private final TransactionManager manager;

  /** For the engine's comparison. */
  public ManagerLookup() {
    this(EmbeddedTransactionManager.getInstance());
  }

  ManagerLookup(TransactionManager manager) {
    this.manager = manager;
  }

  @Override
  public TransactionManager getTransactionManager() {
    return manager;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ManagerLookup;
  }

  @Override
  public int hashCode() {
    return ManagerLookup.class.hashCode();
  }
}
