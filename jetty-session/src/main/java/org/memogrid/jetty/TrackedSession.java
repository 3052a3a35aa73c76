/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jetty;

import static java.util.Objects.requireNonNullElse;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.session.SessionData;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Codec;

/**
 * The session data of one request, which knows what that request changed: what was set, and what no
 * longer encodes to the bytes that were loaded, such as a list that got one more element.
 */
final class TrackedSession extends SessionData {
  private static final long serialVersionUID = 1L;

  private final transient Codec codec;
  private final transient Set<String> set = ConcurrentHashMap.newKeySet();
  private transient volatile Map<String, byte[]> known = Map.of();
  private transient volatile long knownMaxInactive;

  TrackedSession(
      Codec codec,
      String id,
      String contextPath,
      String virtualHost,
      long created,
      long accessed,
      long lastAccessed,
      long maxInactiveMillis) {
    super(id, contextPath, virtualHost, created, accessed, lastAccessed, maxInactiveMillis);
    this.codec = codec;
    this.knownMaxInactive = maxInactiveMillis;
  }

  /**
   * Takes what the cluster keeps, each attribute decoded anew: requests share no object.
   *
   * @throws IllegalArgumentException if an attribute can't be decoded here, naming it
   */
  void load(StoredSession stored) {
    stored.attributes().forEach((name, bytes) -> _attributes.put(name, decode(name, bytes)));
    setCookieSet(stored.cookieSet());
    setLastNode(stored.lastNode());
    setExpiry(calcExpiry(stored.accessed()));
    setLastSaved(Math.max(1, stored.accessed()));
    known = stored.attributes();
    clean();
  }

  /**
   * As in {@link SessionData}, but a value that can't cross the wire is refused here, where the
   * application sees it, and not when the response is on its way.
   *
   * @throws IllegalArgumentException naming the attribute, the class and the line to add
   */
  @Override
  public @Nullable Object setAttribute(String name, @Nullable Object value) {
    if (value != null) {
      refuseIfUnencodable(name, value);
      set.add(name);
    }
    return super.setAttribute(name, value);
  }

  /** Marks this as to be written if the request changed anything. */
  void noticeChanges() {
    try {
      if (!changes().isEmpty()) {
        setDirty(true);
      }
    } catch (IllegalArgumentException e) {
      setDirty(true); // writing it fails in the same way, and says so
    }
  }

  SessionChanges changes() {
    Map<String, byte[]> before = known;
    Map<String, byte[]> now = new TreeMap<>();
    Set<String> written = new HashSet<>();
    _attributes.forEach(
        (name, value) -> {
          byte[] bytes = encode(name, value);
          now.put(name, bytes);
          if (set.contains(name) || !Arrays.equals(bytes, before.get(name))) {
            written.add(name);
          }
        });
    Set<String> removed = new HashSet<>(before.keySet());
    removed.removeAll(now.keySet());
    StoredSession session =
        new StoredSession(
            getCreated(),
            getAccessed(),
            getLastAccessed(),
            getCookieSet(),
            getMaxInactiveMs(),
            requireNonNullElse(getLastNode(), ""),
            now);
    return new SessionChanges(session, written, removed, getMaxInactiveMs() != knownMaxInactive);
  }

  /** The cluster has these changes; a later save of this request does not repeat them. */
  void saved(SessionChanges changes) {
    known = changes.session().attributes();
    knownMaxInactive = changes.session().maxInactiveMillis();
    set.removeAll(changes.written());
  }

  private void refuseIfUnencodable(String name, Object value) {
    var unused = encode(name, value);
  }

  private byte[] encode(String name, Object value) {
    try {
      return codec.encode(value);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("session attribute " + name + ": " + e.getMessage(), e);
    }
  }

  private Object decode(String name, byte[] bytes) {
    try {
      return codec.decode(bytes);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("session attribute " + name + ": " + e.getMessage(), e);
    }
  }
}
