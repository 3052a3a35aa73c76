/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import jakarta.transaction.HeuristicMixedException;
import jakarta.transaction.HeuristicRollbackException;
import jakarta.transaction.InvalidTransactionException;
import jakarta.transaction.NotSupportedException;
import jakarta.transaction.RollbackException;
import jakarta.transaction.Status;
import jakarta.transaction.SystemException;
import jakarta.transaction.Transaction;
import jakarta.transaction.TransactionManager;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import javax.transaction.xa.XAResource;
import org.infinispan.commons.tx.DefaultResourceConverter;
import org.infinispan.commons.tx.TransactionImpl;
import org.infinispan.transaction.tm.EmbeddedTransactionManager;
import org.infinispan.transaction.xa.TransactionXaAdapter;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.InDoubtTransaction;
import org.memogrid.internal.store.Transacting;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transactions of one member: those of the manager that it was given, or of the engine's small
 * one, which writes no log and knows no time limit. That one is the process's own, so one of its
 * transactions may span several clusters.
 *
 * <p>Thread-safe. After {@link #close()} none begins, and those under way can't commit.
 */
public final class MemberTransactions implements Transacting {
  private static final Logger LOG = LoggerFactory.getLogger(MemberTransactions.class);

  private final TransactionManager manager;
  private final Duration lock;
  private final boolean given;
  private final Calls calls = new Calls();
  private volatile @Nullable InDoubts inDoubts;

  /**
   * @param given null for the engine's own
   * @param lock how long one waits for a lock that another holds
   */
  public MemberTransactions(@Nullable TransactionManager given, Duration lock) {
    this.lock = lock;
    this.given = given != null;
    this.manager = given == null ? EmbeddedTransactionManager.getInstance() : given;
  }

  TransactionManager manager() {
    return manager;
  }

  /** Has what recoverable caches prepare kept there. */
  void join(InDoubts inDoubts) {
    this.inDoubts = inDoubts;
  }

  /**
   * The manager for a recoverable cache.
   *
   * @param cache the engine's name of it
   */
  TransactionManager recovering(String cache) {
    return new RecoverableManager(
        manager,
        resource ->
            new RecoverableBranch(
                (TransactionXaAdapter) resource, cache, requireNonNull(inDoubts, "joined")));
  }

  /**
   * Does nothing if a cache with these options may be on this member.
   *
   * @throws IllegalStateException if it is recoverable, and nobody here would recover it
   */
  void requireRecovery(String cache, CacheOptions options) {
    if (options.isRecoverable() && !given) {
      throw new IllegalStateException(
          "cache '"
              + cache
              + "' is recoverable, and the transactions of this member are kept by a manager that"
              + " writes no log, so that nobody could say how they end: give a JTA manager with"
              + " ClusterBuilder.transactionManager(...) on every member, or leave recoverable out");
    }
  }

  @Override
  public XAResource recovery() {
    return new RecoveryResource(() -> inDoubts);
  }

  @Override
  public List<InDoubtTransaction> inDoubt() {
    InDoubts all = inDoubts;
    return all == null ? List.of() : all.show();
  }

  /** Runs a task outside of the transaction that the calling thread is in. */
  void apart(Runnable task) {
    Transaction suspended;
    try {
      suspended = manager.suspend();
    } catch (SystemException e) {
      throw failed("suspended", e);
    }
    try {
      task.run();
    } finally {
      if (suspended != null) {
        resume(suspended);
      }
    }
  }

  private void resume(Transaction suspended) {
    try {
      manager.resume(suspended);
    } catch (InvalidTransactionException | SystemException e) {
      throw failed("resumed", e);
    }
  }

  /** How long one waits for a lock that another holds as long as it lasts. */
  Duration lock() {
    return lock;
  }

  @Override
  public boolean isActive() {
    try {
      Transaction current = manager.getTransaction();
      return current != null && isUnderWay(current.getStatus());
    } catch (SystemException e) {
      throw failed("asked for", e);
    }
  }

  private static boolean isUnderWay(int status) {
    return switch (status) {
      case Status.STATUS_NO_TRANSACTION, Status.STATUS_COMMITTED, Status.STATUS_ROLLEDBACK -> false;
      default -> true;
    };
  }

  /** Whether the calling thread's transaction, if there is one, has failed and can't commit. */
  boolean isDoomed() {
    try {
      Transaction current = manager.getTransaction();
      if (current == null) {
        return false;
      }
      int status = current.getStatus();
      return isUnderWay(status) && status != Status.STATUS_ACTIVE && !isCompleting(status);
    } catch (SystemException e) {
      throw failed("asked for", e);
    }
  }

  private static boolean isCompleting(int status) {
    return status == Status.STATUS_PREPARING || status == Status.STATUS_COMMITTING;
  }

  /** Has the calling thread's transaction, if there is one, end with a rollback. */
  void doom() {
    try {
      Transaction current = manager.getTransaction();
      if (current != null && current.getStatus() == Status.STATUS_ACTIVE) {
        current.setRollbackOnly();
      }
    } catch (SystemException e) {
      throw failed("marked for rollback", e);
    }
  }

  @Override
  public <T extends @Nullable Object, E extends Exception> T call(Body<T, E> body) throws E {
    if (isActive()) {
      return join(body);
    }
    begin();
    boolean returned = false;
    T result;
    try {
      result = body.call();
      returned = true;
    } finally {
      if (!returned) {
        rollback();
      }
    }
    commit();
    return result;
  }

  /** What is in the way of the inner one is in the way of the whole. */
  private <T extends @Nullable Object, E extends Exception> T join(Body<T, E> body) throws E {
    boolean returned = false;
    try {
      T result = body.call();
      returned = true;
      return result;
    } finally {
      if (!returned) {
        doom();
      }
    }
  }

  private void begin() {
    try {
      manager.begin();
    } catch (NotSupportedException | SystemException e) {
      throw failed("begun", e);
    }
  }

  private void commit() {
    try {
      if (manager.getTransaction() instanceof TransactionImpl own) {
        manager.suspend();
        commit(own);
      } else {
        manager.commit();
      }
    } catch (RollbackException | HeuristicRollbackException e) {
      throw TransactionFailure.rolledBack(e);
    } catch (HeuristicMixedException e) {
      throw TransactionFailure.inPart(e);
    } catch (SystemException | SecurityException e) {
      throw failed("committed", e);
    } catch (RuntimeException e) {
      throw TransactionFailure.ofCommit(e);
    }
  }

  /** None begins once this member leaves: who is gone can't be told to try again. */
  private void commit(TransactionImpl own) throws SystemException {
    try {
      calls.writeOnce(() -> nothing(own.commitAsync(DefaultResourceConverter.INSTANCE)));
    } catch (RuntimeException e) {
      if (own.getStatus() == Status.STATUS_ACTIVE) { // so it was not begun
        var unused = own.rollbackAsync(DefaultResourceConverter.INSTANCE);
      }
      throw e;
    }
  }

  /** What failed is what the caller hears of, whatever becomes of this. */
  private void rollback() {
    try {
      Transaction current = manager.getTransaction();
      if (current instanceof TransactionImpl own) {
        manager.suspend();
        calls.await(nothing(own.rollbackAsync(DefaultResourceConverter.INSTANCE)));
      } else if (current != null) {
        manager.rollback();
      }
    } catch (SystemException | RuntimeException e) {
      LOG.debug("a transaction that failed could not be rolled back everywhere", e);
      leave();
    }
  }

  private static CompletableFuture<@Nullable Void> nothing(CompletionStage<Void> stage) {
    return stage.toCompletableFuture().thenApply(none -> null);
  }

  private void leave() {
    try {
      var unused = manager.suspend();
    } catch (SystemException e) {
      LOG.debug("a transaction could not be taken from its thread", e);
    }
  }

  private static CacheException failed(String what, Exception e) {
    return new CacheException("the transaction could not be " + what + ": " + e.getMessage(), e);
  }

  /** Lets commits under way finish for a moment. */
  public void close() {
    calls.end();
  }
}
