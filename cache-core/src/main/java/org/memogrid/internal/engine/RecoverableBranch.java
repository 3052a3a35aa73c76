/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Set;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.infinispan.commons.tx.XidImpl;
import org.infinispan.transaction.impl.LocalTransaction;
import org.infinispan.transaction.xa.TransactionXaAdapter;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.engine.Prepared.Branch;

/**
 * The engine's branch of a transaction on one recoverable cache, with what it has prepared kept by
 * {@link InDoubts}. Invariants:
 *
 * <ul>
 *   <li>What is prepared is on all members before the manager hears that it is, and goes from there
 *       once all owners have the commit, or the rollback. The engine's locks are held all the time,
 *       while this member lives.
 *   <li>Nobody commits whose keys are in what another has prepared: that is looked for when the
 *       engine's locks are held. So who got a lock only since its holder's member is lost finds
 *       what that one had prepared.
 * </ul>
 */
final class RecoverableBranch implements XAResource {
  private final TransactionXaAdapter engine;
  private final String cache;
  private final InDoubts inDoubts;

  /** What is being ended by this transaction, if it is one that does. */
  private final @Nullable Branch ends;

  /**
   * @param cache the engine's name of it
   */
  RecoverableBranch(TransactionXaAdapter engine, String cache, InDoubts inDoubts) {
    this.engine = engine;
    this.cache = cache;
    this.inDoubts = inDoubts;
    this.ends = inDoubts.endedByThisThread();
  }

  @Override
  public int prepare(Xid xid) throws XAException {
    int vote = prepareAlone(xid);
    if (vote == XA_OK) {
      try {
        inDoubts.note(branch(xid), transaction());
      } catch (RuntimeException e) {
        throw refused(xid, e);
      }
    }
    return vote;
  }

  private int prepareAlone(Xid xid) throws XAException {
    int vote = engine.prepare(xid);
    if (vote == XA_OK) {
      try {
        Set<ClusterKey> touched = Prepared.touchedBy(transaction());
        if (ends == null) {
          inDoubts.requireFree(branch(xid), touched);
        } else {
          inDoubts.requireThere(ends);
        }
      } catch (RuntimeException e) {
        throw refused(xid, e);
      }
    }
    return vote;
  }

  private XAException refused(Xid xid, RuntimeException why) {
    XAException refused = new XAException(XAException.XA_RBROLLBACK); // so nobody else rolls back
    refused.initCause(why);
    try {
      rollback(xid);
    } catch (XAException | RuntimeException e) {
      refused.addSuppressed(e);
    }
    return refused;
  }

  @Override
  public void commit(Xid xid, boolean onePhase) throws XAException {
    if (onePhase) { // the engine makes two of it as well
      if (prepareAlone(xid) == XA_OK) {
        engine.commit(xid, false);
      }
      return;
    }
    Branch branch = branch(xid);
    try {
      engine.commit(xid, false);
      inDoubts.forget(branch);
    } catch (XAException | RuntimeException e) {
      inDoubts.giveUp(branch);
      XAException later = new XAException(XAException.XAER_RMFAIL); // the manager tells it again
      later.initCause(e);
      throw later;
    }
  }

  @Override
  public void rollback(Xid xid) throws XAException {
    Branch branch = branch(xid);
    try {
      engine.rollback(xid);
    } finally {
      inDoubts.forgetRolledBack(branch);
    }
  }

  private Branch branch(Xid xid) {
    return new Branch(XidImpl.copy(xid), cache);
  }

  private LocalTransaction transaction() {
    return engine.getLocalTransaction();
  }

  @Override
  public void forget(Xid xid) throws XAException {
    engine.forget(xid);
    inDoubts.forgetRolledBack(branch(xid));
  }

  @Override
  public void start(Xid xid, int flags) throws XAException {
    engine.start(xid, flags);
  }

  @Override
  public void end(Xid xid, int flags) {
    engine.end(xid, flags);
  }

  @Override
  public int getTransactionTimeout() {
    return engine.getTransactionTimeout();
  }

  @Override
  public boolean setTransactionTimeout(int seconds) {
    return engine.setTransactionTimeout(seconds);
  }

  @Override
  public boolean isSameRM(XAResource other) {
    return other instanceof RecoverableBranch that && engine.isSameRM(that.engine);
  }

  /** Who asks for what is in doubt asks {@link RecoveryResource}. */
  @Override
  public Xid[] recover(int flag) {
    return new Xid[0];
  }

  @Override
  public String toString() {
    return "a branch of cache '" + Incarnation.cacheName(cache) + "'";
  }
}
