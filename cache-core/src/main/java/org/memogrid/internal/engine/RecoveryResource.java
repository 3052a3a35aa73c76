/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.function.Supplier;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.infinispan.commons.tx.XidImpl;
import org.jspecify.annotations.Nullable;

/**
 * By which a manager's recovery asks a member for what is in doubt, and ends it. Thread-safe.
 *
 * @param inDoubts null where nothing can be
 */
record RecoveryResource(Supplier<@Nullable InDoubts> inDoubts) implements XAResource {
  @Override
  public Xid[] recover(int flag) throws XAException {
    InDoubts all = inDoubts.get();
    if (all == null || (flag & TMSTARTRSCAN) == 0) { // all came with the first call of a scan
      return new Xid[0];
    }
    try {
      return all.list().stream().map(each -> each.branch().xid()).toArray(Xid[]::new);
    } catch (RuntimeException e) {
      throw failed(e);
    }
  }

  @Override
  public void commit(Xid xid, boolean onePhase) throws XAException {
    end(xid, true);
  }

  @Override
  public void rollback(Xid xid) throws XAException {
    end(xid, false);
  }

  /** What was ended by hand is forgotten with that. */
  @Override
  public void forget(Xid xid) {}

  private void end(Xid xid, boolean commits) throws XAException {
    InDoubts all = inDoubts.get();
    try {
      if (all == null || !all.end(XidImpl.copy(xid), commits)) {
        throw new XAException(XAException.XAER_NOTA);
      }
    } catch (RuntimeException e) {
      throw failed(e);
    }
  }

  private static XAException failed(RuntimeException e) {
    XAException failed = new XAException(XAException.XAER_RMFAIL); // the manager asks again
    failed.initCause(e);
    return failed;
  }

  @Override
  public int prepare(Xid xid) throws XAException {
    throw new XAException(XAException.XAER_PROTO);
  }

  @Override
  public void start(Xid xid, int flags) throws XAException {
    throw new XAException(XAException.XAER_PROTO);
  }

  @Override
  public void end(Xid xid, int flags) throws XAException {
    throw new XAException(XAException.XAER_PROTO);
  }

  @Override
  public int getTransactionTimeout() {
    return 0;
  }

  @Override
  public boolean setTransactionTimeout(int seconds) {
    return false;
  }

  @Override
  public boolean isSameRM(XAResource other) {
    return other instanceof RecoveryResource that
        && inDoubts.get() != null
        && inDoubts.get() == that.inDoubts.get();
  }
}
