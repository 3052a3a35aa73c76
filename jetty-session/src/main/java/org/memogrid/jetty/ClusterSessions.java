/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jetty;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.session.AbstractSessionDataStoreFactory;
import org.eclipse.jetty.session.DefaultSessionIdManager;
import org.eclipse.jetty.session.HouseKeeper;
import org.eclipse.jetty.session.SessionCacheFactory;
import org.eclipse.jetty.session.SessionDataStore;
import org.eclipse.jetty.session.SessionDataStoreFactory;
import org.eclipse.jetty.session.SessionIdManager;
import org.eclipse.jetty.session.SessionManager;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;

/**
 * Keeps the HTTP sessions of a Jetty server in a cluster: every node serves every session, and a
 * node that dies takes none with it.
 *
 * <pre>{@code
 * ClusterSessions.on(cluster).install(server); // before its contexts start
 * }</pre>
 *
 * <p><b>Guarantee.</b> A request that begins after the response of another has come sees what that
 * one wrote, on whatever node, unless it was written after the response was. Of requests of one
 * session that overlap, on one node or on two, the last write of each attribute stays; an attribute
 * that was changed in place, as a list that was added to, is a write of that attribute. A session
 * that is invalidated is gone on every node, also for requests under way: what they write later is
 * dropped.
 *
 * <p><b>Attributes</b> cross the wire: {@code setAttribute} throws {@link IllegalArgumentException}
 * naming the class and the line to add if one is not on the cluster's {@linkplain
 * org.memogrid.cluster.ClusterBuilder#allow allow list}. Each request gets objects of its own.
 *
 * <p><b>Failures.</b> When the cluster can't answer, the request fails ({@link
 * SessionUnavailableError}): with status 503, or with a broken response if that was on its way when
 * its changes could not be kept. It never goes on as if there were no session.
 *
 * <p><b>Expiry.</b> A session that is not used for its max inactive interval, by the clocks of the
 * members that serve it, is served no more. {@code HttpSessionListener}s hear of it within the
 * {@linkplain #scavengeEvery scavenge interval}, on one member; on none if that member dies just
 * then, and on each side of a split cluster. A request that takes longer than the interval may find
 * its session gone at its end. Activation listeners are called around each request, on the node
 * that serves it.
 *
 * <p>Not thread-safe while it is configured. The cluster must outlive the server.
 */
public final class ClusterSessions {
  private static final String DEFAULT_CACHE = "http-sessions";
  private static final Duration DEFAULT_SCAVENGE = Duration.ofMinutes(10);

  private final Cluster cluster;
  private String cacheName = DEFAULT_CACHE;
  private Mode mode = Mode.DISTRIBUTED;
  private Duration scavenge = DEFAULT_SCAVENGE;

  private ClusterSessions(Cluster cluster) {
    this.cluster = cluster;
  }

  /** Sessions in cache {@code http-sessions}, {@link Mode#DISTRIBUTED}, unless said otherwise. */
  public static ClusterSessions on(Cluster cluster) {
    return new ClusterSessions(requireNonNull(cluster, "cluster"));
  }

  /** The name of the cache that holds them; applications with caches of their own don't meet. */
  public ClusterSessions cache(String name) {
    this.cacheName = requireNonNull(name, "name");
    return this;
  }

  /**
   * How the cluster keeps them: DISTRIBUTED on two members, or REPLICATED on all, which reads
   * without a message and writes to everyone.
   *
   * @throws IllegalArgumentException if sessions of that mode would not be seen by other members
   */
  public ClusterSessions mode(Mode mode) {
    requireNonNull(mode, "mode");
    if (mode != Mode.DISTRIBUTED && mode != Mode.REPLICATED) {
      throw new IllegalArgumentException(
          "sessions in mode " + mode + " are not shared: take DISTRIBUTED or REPLICATED");
    }
    this.mode = mode;
    return this;
  }

  /**
   * How often the oldest member looks through all sessions for expired ones, 10 minutes unless
   * given, to tell their listeners. Their entries are kept for twice as long beyond their expiry.
   * All members give the same.
   *
   * @throws IllegalArgumentException if it is below a second
   */
  public ClusterSessions scavengeEvery(Duration interval) {
    requireNonNull(interval, "interval");
    if (interval.toSeconds() < 1) {
      throw new IllegalArgumentException(
          "the scavenge interval is " + interval + ": give at least a second");
    }
    this.scavenge = interval;
    return this;
  }

  /**
   * Makes every context that starts in the server from now on, that has sessions, and none of its
   * own way to keep them, keep them here. The server may run already.
   *
   * @throws IllegalStateException if a context has sessions already, if the server keeps its
   *     sessions elsewhere, or if it has a {@code SessionIdManager} whose housekeeper scavenges at
   *     another interval
   */
  public void install(Server server) {
    requireNonNull(server, "server");
    if (server.getContainedBeans(SessionManager.class).stream()
        .anyMatch(SessionManager::isRunning)) {
      throw new IllegalStateException(
          "a context has sessions of its own already: install the cluster's before contexts start");
    }
    refuseAnother(server, SessionCacheFactory.class);
    refuseAnother(server, SessionDataStoreFactory.class);
    SessionIdManager there = server.getBean(SessionIdManager.class);
    if (there != null) {
      scavengeWith(there);
    }
    Stores stores = new Stores(cluster, cluster.cache(cacheName, mode), scavenge.multipliedBy(2));
    server.addBean((SessionCacheFactory) stores::newCache);
    server.addBean(stores);
    if (there == null) {
      server.addManaged(idManager(server));
    }
  }

  /** Slower, and the entries would be gone before anybody told their listeners. */
  private void scavengeWith(SessionIdManager ids) {
    HouseKeeper keeper = ids.getSessionHouseKeeper();
    if (keeper == null) {
      ids.setSessionHouseKeeper(houseKeeper(ids));
    } else if (keeper.getIntervalSec() != scavenge.toSeconds()) {
      throw new IllegalStateException(
          "the server's housekeeper scavenges every "
              + Duration.ofSeconds(keeper.getIntervalSec())
              + " and the cluster's sessions every "
              + scavenge
              + ": give one interval, here with scavengeEvery(...)");
    }
  }

  private static void refuseAnother(Server server, Class<?> type) {
    Object other = server.getBean(type);
    if (other != null) {
      throw new IllegalStateException(
          "the server keeps its sessions with " + other + ": remove that bean");
    }
  }

  /** Ids end in no node's name: any node may serve any session. */
  private DefaultSessionIdManager idManager(Server server) {
    DefaultSessionIdManager ids = new DefaultSessionIdManager(server);
    ids.setWorkerName("");
    ids.setSessionHouseKeeper(houseKeeper(ids));
    return ids;
  }

  private HouseKeeper houseKeeper(SessionIdManager ids) {
    HouseKeeper keeper = new HouseKeeper();
    try {
      keeper.setIntervalSec(scavenge.toSeconds());
    } catch (Exception e) {
      throw new IllegalStateException("the scavenge interval can't be set: " + scavenge, e);
    }
    keeper.setSessionIdManager(ids);
    return keeper;
  }

  /** Makes cache and store of each context, which belong together. */
  private static final class Stores extends AbstractSessionDataStoreFactory {
    private final Cluster cluster;
    private final Cache<String, byte[]> cache;
    private final Duration linger;

    Stores(Cluster cluster, Cache<String, byte[]> cache, Duration linger) {
      this.cluster = cluster;
      this.cache = cache;
      this.linger = linger;
    }

    ClusterSessionCache newCache(SessionManager manager) {
      return new ClusterSessionCache(manager, newStore());
    }

    /** Jetty asks for a cache, then for its store. */
    @Override
    public SessionDataStore getSessionDataStore(SessionManager manager) {
      return manager.getSessionCache() instanceof ClusterSessionCache ours
          ? ours.getSessionDataStore()
          : newStore();
    }

    private ClusterSessionStore newStore() {
      return new ClusterSessionStore(cluster, cluster.unwrap(Node.class).codec(), cache, linger);
    }
  }
}
