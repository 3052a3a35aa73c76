/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jetty;

import org.eclipse.jetty.session.ManagedSession;
import org.eclipse.jetty.session.NullSessionCache;
import org.eclipse.jetty.session.SessionManager;
import org.jspecify.annotations.Nullable;

/**
 * Keeps no session: each request reads the cluster's, whose changes are there before its response
 * is.
 */
final class ClusterSessionCache extends NullSessionCache {
  private final ClusterSessionStore store;

  ClusterSessionCache(SessionManager manager, ClusterSessionStore store) {
    super(manager);
    this.store = store;
    setSessionDataStore(store);
    setFlushOnResponseCommit(true);
  }

  /**
   * Before the response is on its way: the request's changes are written if there are any. Jetty
   * knows of what was set alone, and would write what was changed in place after the response, when
   * the next request may have looked already.
   */
  @Override
  public void commit(@Nullable ManagedSession session) throws Exception {
    if (session != null && session.getSessionData() instanceof TrackedSession tracked) {
      tracked.noticeChanges();
    }
    super.commit(session);
  }

  /**
   * Moves the session to a new id, unless another request has invalidated it: Jetty would store it
   * anew, and who had just logged out would be logged in again. It is under the new id before it is
   * no longer under the old one: Jetty would remove it first, and if it can't be kept then, because
   * the cluster does not answer or this node dies, it would be nowhere.
   *
   * @throws IllegalStateException if it is gone
   */
  @Override
  protected void renewSessionId(
      @Nullable ManagedSession session, String newId, String newExtendedId) throws Exception {
    if (session != null && !store.move(session.getSessionData(), newId)) {
      throw new IllegalStateException(
          "session " + session.getId() + " was invalidated by another request: it gets no new id");
    }
    super.renewSessionId(session, newId, newExtendedId);
  }

  /**
   * Jetty tells the listeners of the session that this returns that it is destroyed. A session that
   * the application invalidates has told them already; one that expired is returned by the member
   * that removed it, so that they are told once.
   */
  @Override
  public @Nullable ManagedSession delete(String id) throws Exception {
    ManagedSession session = getAndEnter(id, false);
    boolean expired = store.endScavenge(id);
    boolean removed = expired ? store.deleteIfExpired(id) : store.delete(id);
    if (session != null) {
      session.setResident(false);
    }
    return expired && removed ? session : null;
  }
}
