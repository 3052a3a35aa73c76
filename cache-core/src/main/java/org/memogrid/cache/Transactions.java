/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import javax.transaction.xa.XAResource;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;

/**
 * Runs work on {@linkplain CacheOptions#transactional transactional} caches in a transaction: all
 * that it writes to them is there at the end, or nothing.
 *
 * <pre>{@code
 * Transactions.run(cluster, () -> {
 *   accounts.put("a", accounts.get("a") - 10);
 *   savings.put("a", savings.get("a") + 10);
 * });
 * }</pre>
 *
 * <p>The work runs on the calling thread, and the transaction is that thread's. It commits when the
 * work returns and is rolled back when the work throws, whatever it throws. The work sees its own
 * writes; nobody else does before it has committed. What it writes to caches that are not
 * transactional, to queues or anywhere else is written at once, and stays if it is rolled back.
 *
 * <p>Within a transaction, one that JTA began included, the work joins that one: it commits or is
 * rolled back with it, and if the work throws, the whole can only be rolled back.
 *
 * <p>A transaction that began here has no time limit, but each wait for a lock has.
 */
public final class Transactions {
  private static final long LONGEST_PAUSE_NANOS = 50_000_000;

  private Transactions() {}

  /** What runs in a transaction, without a result. */
  @FunctionalInterface
  public interface Task<E extends Exception> {
    void run() throws E;
  }

  /** What runs in a transaction and has a result. */
  @FunctionalInterface
  public interface Work<T extends @Nullable Object, E extends Exception> {
    T call() throws E;
  }

  /**
   * Runs a task in a transaction.
   *
   * @throws TransactionConflictException if another was in the way; nothing was written
   * @throws CacheException if it could not be committed for another reason, which it names
   * @throws IllegalStateException if the cluster was closed
   * @throws E what the task throws
   */
  public static <E extends Exception> void run(Cluster cluster, Task<E> task) throws E {
    run(cluster, 1, task);
  }

  /** {@link #run(Cluster, Task)}, up to so often: see {@link #call(Cluster, int, Work)}. */
  public static <E extends Exception> void run(Cluster cluster, int attempts, Task<E> task)
      throws E {
    requireNonNull(task, "task");
    call(
        cluster,
        attempts,
        () -> {
          task.run();
          return true;
        });
  }

  /** {@link #run(Cluster, Task)} for work with a result. It answers what was committed. */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object, E extends Exception> T call(
      Cluster cluster, Work<T, E> work) throws E {
    return call(cluster, 1, work);
  }

  /**
   * {@link #call(Cluster, Work)}, and once more after a {@link TransactionConflictException}, until
   * it was tried so often; the last such exception is thrown. The work must have no effect besides
   * the transaction's. Within another transaction it is tried once, since only the whole can be run
   * again.
   *
   * @throws IllegalArgumentException if {@code attempts} is below 1
   */
  @CanIgnoreReturnValue
  public static <T extends @Nullable Object, E extends Exception> T call(
      Cluster cluster, int attempts, Work<T, E> work) throws E {
    requireNonNull(cluster, "cluster");
    requireNonNull(work, "work");
    if (attempts < 1) {
      throw new IllegalArgumentException("attempts is " + attempts + ": give at least 1");
    }
    var transactions = cluster.unwrap(Node.class).transactions();
    boolean joins = transactions.isActive();
    for (int attempt = 1; ; attempt++) {
      try {
        return transactions.<T, E>call(work::call);
      } catch (TransactionConflictException e) {
        if (joins || attempt >= attempts) {
          throw e;
        }
        pause(attempt);
      }
    }
  }

  /**
   * What a JTA manager's recovery asks for transactions in doubt, and tells how they end: those of
   * all {@linkplain CacheOptions#recoverable recoverable} caches of the cluster. It is to be asked
   * by the recovery of each process that commits, so that whose process comes back with its log
   * ends what it had prepared. It stays good until the cluster is closed, and is thread-safe.
   *
   * <p>{@code recover} lists what {@link #inDoubt} lists, in one go. {@code commit} answers when
   * the owners have what was prepared, and fails with {@code XAER_RMFAIL} if that was not possible
   * now: the manager tries again. Nothing can be enlisted with it.
   */
  public static XAResource recovery(Cluster cluster) {
    requireNonNull(cluster, "cluster");
    return cluster.unwrap(Node.class).transactions().recovery();
  }

  /**
   * What {@linkplain CacheOptions#recoverable recoverable} caches have prepared and nobody is about
   * to end, as its member is lost or could not end it, oldest first; one for each cache of a
   * transaction. It sends no message.
   */
  public static List<InDoubtTransaction> inDoubt(Cluster cluster) {
    requireNonNull(cluster, "cluster");
    return cluster.unwrap(Node.class).transactions().inDoubt();
  }

  /** Those that met don't meet again at once. */
  private static void pause(int attempt) {
    long most = Math.min(LONGEST_PAUSE_NANOS, 1_000_000L << Math.min(attempt, 10));
    LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(most));
  }
}
