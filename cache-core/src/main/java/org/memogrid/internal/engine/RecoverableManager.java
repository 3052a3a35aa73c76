/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import jakarta.transaction.HeuristicMixedException;
import jakarta.transaction.HeuristicRollbackException;
import jakarta.transaction.InvalidTransactionException;
import jakarta.transaction.NotSupportedException;
import jakarta.transaction.RollbackException;
import jakarta.transaction.Synchronization;
import jakarta.transaction.SystemException;
import jakarta.transaction.Transaction;
import jakarta.transaction.TransactionManager;
import java.util.function.UnaryOperator;
import javax.transaction.xa.XAResource;
import org.jspecify.annotations.Nullable;

/**
 * A member's transaction manager as the engine sees it for one recoverable cache: what the engine
 * enlists there goes through {@code enlisted}. Transactions are equal as the manager's own are.
 */
record RecoverableManager(TransactionManager manager, UnaryOperator<XAResource> enlisted)
    implements TransactionManager {
  @Override
  public void begin() throws NotSupportedException, SystemException {
    manager.begin();
  }

  @Override
  public void commit()
      throws RollbackException,
          HeuristicMixedException,
          HeuristicRollbackException,
          SystemException {
    manager.commit();
  }

  @Override
  public void rollback() throws SystemException {
    manager.rollback();
  }

  @Override
  public void setRollbackOnly() throws SystemException {
    manager.setRollbackOnly();
  }

  @Override
  public int getStatus() throws SystemException {
    return manager.getStatus();
  }

  @Override
  public @Nullable Transaction getTransaction() throws SystemException {
    return seen(manager.getTransaction());
  }

  @Override
  public void setTransactionTimeout(int seconds) throws SystemException {
    manager.setTransactionTimeout(seconds);
  }

  @Override
  public @Nullable Transaction suspend() throws SystemException {
    return seen(manager.suspend());
  }

  private @Nullable Transaction seen(@Nullable Transaction transaction) {
    return transaction == null ? null : new Seen(transaction, enlisted);
  }

  @Override
  public void resume(Transaction transaction) throws InvalidTransactionException, SystemException {
    manager.resume(transaction instanceof Seen seen ? seen.transaction : transaction);
  }

  /** A transaction of the manager's. */
  private static final class Seen implements Transaction {
    private final Transaction transaction;
    private final UnaryOperator<XAResource> enlisted;

    Seen(Transaction transaction, UnaryOperator<XAResource> enlisted) {
      this.transaction = transaction;
      this.enlisted = enlisted;
    }

    @Override
    public void commit()
        throws RollbackException,
            HeuristicMixedException,
            HeuristicRollbackException,
            SystemException {
      transaction.commit();
    }

    @Override
    public void rollback() throws SystemException {
      transaction.rollback();
    }

    @Override
    public void setRollbackOnly() throws SystemException {
      transaction.setRollbackOnly();
    }

    @Override
    public int getStatus() throws SystemException {
      return transaction.getStatus();
    }

    @Override
    public boolean enlistResource(XAResource resource) throws RollbackException, SystemException {
      return transaction.enlistResource(enlisted.apply(resource));
    }

    @Override
    public boolean delistResource(XAResource resource, int flag) throws SystemException {
      return transaction.delistResource(resource, flag);
    }

    @Override
    public void registerSynchronization(Synchronization synchronization)
        throws RollbackException, SystemException {
      transaction.registerSynchronization(synchronization);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Seen that && transaction.equals(that.transaction);
    }

    @Override
    public int hashCode() {
      return transaction.hashCode();
    }

    @Override
    public String toString() {
      return transaction.toString();
    }
  }
}
