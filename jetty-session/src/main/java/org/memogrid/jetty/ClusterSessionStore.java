/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jetty;

import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.eclipse.jetty.session.AbstractSessionDataStore;
import org.eclipse.jetty.session.SessionData;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Expiry;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Codec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sessions of one context, in a cache of the cluster. Thread-safe.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>A request writes what it changed over what is there now, never over what it loaded: of two
 *       requests at the same time, on whatever nodes, the last write of each attribute stays.
 *   <li>A session that is gone stays gone: only the request that creates it, or renews its id,
 *       stores where there is nothing. A request under way while another one invalidates the
 *       session does not bring it back.
 *   <li>A failure is a {@link SessionUnavailableError} and nothing else.
 *   <li>An expired session is served to nobody but the thread that scavenges it. Its entry outlives
 *       it by {@code linger}, so that there is something to scavenge.
 * </ul>
 */
final class ClusterSessionStore extends AbstractSessionDataStore {
  private static final Logger log = LoggerFactory.getLogger(ClusterSessionStore.class);

  private final Cluster cluster;
  private final Codec codec;
  private final Cache<String, byte[]> cache;
  private final Duration linger;

  /** What the thread that scavenges is at work on. To all others an expired session is none. */
  private final ConcurrentMap<String, Thread> scavenged = new ConcurrentHashMap<>();

  ClusterSessionStore(Cluster cluster, Codec codec, Cache<String, byte[]> cache, Duration linger) {
    this.cluster = cluster;
    this.codec = codec;
    this.cache = cache;
    this.linger = linger;
  }

  @Override
  public SessionData newSessionData(
      String id, long created, long accessed, long lastAccessed, long maxInactiveMillis) {
    return tracked(id, created, accessed, lastAccessed, maxInactiveMillis);
  }

  @Override
  public boolean doExists(String id) {
    return orUnavailable("look for", id, () -> live(id) != null);
  }

  @Override
  public @Nullable SessionData doLoad(String id) {
    return orUnavailable(
        "read",
        id,
        () -> {
          StoredSession stored =
              scavenged.get(id) == Thread.currentThread() ? stored(id) : live(id);
          if (stored == null) {
            return null;
          }
          TrackedSession session =
              tracked(
                  id,
                  stored.created(),
                  stored.accessed(),
                  stored.lastAccessed(),
                  stored.maxInactiveMillis());
          session.load(stored);
          return session;
        });
  }

  @Override
  public void doStore(String id, SessionData data, long lastSaveTime) {
    boolean kept =
        orUnavailable(
            "keep",
            id,
            () -> {
              TrackedSession session = (TrackedSession) data;
              SessionChanges changes = session.changes();
              if (!write(id, changes, lastSaveTime <= 0)) {
                return false;
              }
              session.saved(changes);
              return true;
            });
    if (!kept) {
      log.debug("session {} was invalidated during a request that changed it", id);
    }
  }

  private boolean write(String id, SessionChanges changes, boolean first) {
    StoredSession session = changes.session();
    if (first) {
      cache.put(key(id), session.toBytes(), expiry(session.maxInactiveMillis()));
      return true;
    }
    return merge(id, changes, session.maxInactiveMillis());
  }

  /**
   * Writes the changes over what is there, for as long as that lives then. Its interval may be
   * another than this request's, if a request that overlapped has set it.
   */
  private boolean merge(String id, SessionChanges changes, long interval) {
    try {
      return cache.update(key(id), there -> merged(there, changes, interval), expiry(interval))
          != null;
    } catch (OtherInterval other) {
      return merge(id, changes, other.millis);
    }
  }

  private static byte @Nullable [] merged(
      byte @Nullable [] there, SessionChanges changes, long interval) {
    if (there == null) {
      return null;
    }
    StoredSession merged = StoredSession.of(there).with(changes);
    if (merged.maxInactiveMillis() != interval) {
      throw new OtherInterval(merged.maxInactiveMillis());
    }
    return merged.toBytes();
  }

  /** What is there lives for another time than the write would give it: nothing is written. */
  private static final class OtherInterval extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final long millis;

    OtherInterval(long millis) {
      super(null, null, false, false);
      this.millis = millis;
    }
  }

  /** Whether this call removed it: of several at once, one does. */
  @Override
  public boolean delete(String id) {
    return orUnavailable("remove", id, () -> cache.remove(key(id)) != null);
  }

  /**
   * Whether this call removed it. What the scavenger saw may be old by now: a request that began
   * before the session's end, and ends after it, may have set another interval, or used it later.
   */
  boolean deleteIfExpired(String id) {
    return orUnavailable(
        "expire",
        id,
        () -> {
          boolean[] there = new boolean[1]; // as the last look, that of the removal, saw it
          try {
            cache.update(
                key(id),
                bytes -> {
                  there[0] = bytes != null;
                  if (bytes != null
                      && !StoredSession.of(bytes).isExpiredAt(System.currentTimeMillis())) {
                    throw new Renewed();
                  }
                  return null;
                });
            return there[0];
          } catch (Renewed e) {
            return false;
          }
        });
  }

  /** What is there has not expired: nothing is removed. */
  private static final class Renewed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Renewed() {
      super(null, null, false, false);
    }
  }

  /**
   * Keeps the session under the new id, then no longer under its own; at no moment under none.
   * False, and it is under none, if another request has invalidated it: whoever looks at the new id
   * before that is seen knows it from nobody.
   */
  boolean move(SessionData data, String newId) {
    return orUnavailable(
        "move",
        data.getId(),
        () -> {
          boolean unused = write(newId, ((TrackedSession) data).changes(), true);
          if (delete(data.getId())) {
            return true;
          }
          unused = delete(newId);
          return false;
        });
  }

  /**
   * The sessions to expire, on the oldest member; none on the others, so that the cluster's
   * sessions are looked through once.
   */
  @Override
  public Set<String> getExpired(Set<String> candidates) {
    if (!cluster.membership().members().get(0).equals(cluster.self())) {
      return new HashSet<>();
    }
    Set<String> expired = doGetExpired(System.currentTimeMillis());
    scavenged.clear(); // what a round that failed has left
    expired.forEach(id -> scavenged.put(id, Thread.currentThread()));
    return expired;
  }

  @Override
  public Set<String> doGetExpired(long before) {
    String prefix = key("");
    Set<String> expired = new HashSet<>();
    try (Stream<Map.Entry<String, byte[]>> entries = cache.entries()) {
      entries
          .filter(entry -> entry.getKey().startsWith(prefix))
          .filter(entry -> StoredSession.of(entry.getValue()).isExpiredAt(before))
          .forEach(entry -> expired.add(entry.getKey().substring(prefix.length())));
    }
    return expired;
  }

  @Override
  public Set<String> doCheckExpired(Set<String> candidates, long time) {
    Set<String> expired = new HashSet<>(candidates);
    expired.retainAll(doGetExpired(time));
    return expired;
  }

  /** Entries of contexts that nobody runs any more end by themselves. */
  @Override
  public void doCleanOrphans(long time) {}

  /** Whether this thread is expiring that session; forgets that it was. */
  boolean endScavenge(String id) {
    return scavenged.remove(id, Thread.currentThread());
  }

  /** Attributes leave this JVM after each request, so activation listeners are called. */
  @Override
  public boolean isPassivating() {
    return true;
  }

  private TrackedSession tracked(
      String id, long created, long accessed, long lastAccessed, long maxInactiveMillis) {
    return new TrackedSession(
        codec,
        id,
        _context.getCanonicalContextPath(),
        _context.getVhost(),
        created,
        accessed,
        lastAccessed,
        maxInactiveMillis);
  }

  private @Nullable StoredSession live(String id) {
    StoredSession stored = stored(id);
    return stored == null || stored.isExpiredAt(System.currentTimeMillis()) ? null : stored;
  }

  private @Nullable StoredSession stored(String id) {
    byte[] bytes = cache.get(key(id));
    return bytes == null ? null : StoredSession.of(bytes);
  }

  /** Contexts of one server share ids, and not sessions. */
  private String key(String id) {
    return _context.getVhost() + '|' + _context.getCanonicalContextPath() + '|' + id;
  }

  private Expiry expiry(long maxInactiveMillis) {
    return maxInactiveMillis <= 0
        ? Expiry.NEVER
        : Expiry.ttl(Duration.ofMillis(maxInactiveMillis).plus(linger));
  }

  private <T extends @Nullable Object> T orUnavailable(String what, String id, Supplier<T> work) {
    try {
      return work.get();
    } catch (RuntimeException e) {
      throw new SessionUnavailableError(
          "can't %s session %s in cache %s: %s".formatted(what, id, cache.name(), e.getMessage()),
          e);
    }
  }
}
