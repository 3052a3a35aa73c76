/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * What this member put by reference into a cache that holds bytes: the very object comes back for
 * as long as somebody holds on to it; who does not can't tell it from another. Bounded by what the
 * program itself keeps alive. Thread-safe.
 */
final class References {
  private final ConcurrentMap<Envelope.Version, Kept> kept = new ConcurrentHashMap<>();
  private final ReferenceQueue<Object> gone = new ReferenceQueue<>();

  void keep(Envelope.Version version, Object value) {
    expunge();
    kept.put(version, new Kept(version, value, gone));
  }

  @Nullable Object find(Envelope.Version version) {
    Kept there = kept.get(version);
    return there == null ? null : there.get();
  }

  private void expunge() {
    for (Reference<?> each = gone.poll(); each != null; each = gone.poll()) {
      if (each instanceof Kept dead) {
        kept.remove(dead.version, dead);
      }
    }
  }

  private static final class Kept extends WeakReference<Object> {
    private final Envelope.Version version;

    Kept(Envelope.Version version, Object value, ReferenceQueue<Object> gone) {
      super(value, gone);
      this.version = version;
    }
  }
}
