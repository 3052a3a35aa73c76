/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import org.memogrid.cache.Mode;

/**
 * What holds a key while its value is being made, so that a value that was overtaken is not stored:
 *
 * <ol>
 *   <li>A misses the key and asks the database, which says 1.
 *   <li>B sets the database to 2 and removes the key: nothing is there to be removed.
 *   <li>A stores 1, and all read it from then on.
 * </ol>
 *
 * <p>So A lays a tombstone before it asks. Whoever puts, removes or clears takes it away, on
 * whatever member, and A stores on condition that it is still there. Where there is an entry
 * already, that is what holds the key. In {@link Mode#INVALIDATED} the tombstone lies on this
 * member alone and costs no copy anywhere.
 *
 * <p>A tombstone that nobody gives back, since its member died, ends by itself; a value that took
 * longer than that is not stored.
 *
 * @param there never null
 */
public record Hold(Envelope there) {
  private static final long LIFE_MILLIS = 3_600_000;

  /** Of a tombstone that is given back: not 0, which a renewal would take for over. */
  private static final long LAST_MILLIS = 50;

  private static final Versions VERSIONS = new Versions();

  /** Lays hold of a key. */
  public static Hold take(Store store, Object key, long now) {
    Envelope there = store.get(key);
    if (there == null) {
      Envelope mark = Envelope.tombstone(VERSIONS.next()).expiring(now + LIFE_MILLIS, 0, now);
      if (store.mode() == Mode.INVALIDATED) {
        store.putLocal(key, mark);
        return new Hold(mark);
      }
      there = store.putIfAbsent(key, mark);
      if (there == null) {
        return new Hold(mark);
      }
    }
    if (there.isTombstone() && there.lifeLeft(now) < LIFE_MILLIS / 2) {
      store.renew(key, there.expiring(now + LIFE_MILLIS, 0, now));
    }
    return new Hold(there);
  }

  /** Whether the key was left alone so far. */
  public boolean stands(Store store, Object key) {
    return there.equals(store.get(key));
  }

  /** Gives the key back if nothing was stored. Where others listen it does so unheard. */
  public void giveBack(Store store, Object key, long now) {
    if (!there.isTombstone()) {
      return;
    }
    if (store.mode() == Mode.LOCAL) {
      var unused = store.remove(key, there);
    } else {
      store.renew(key, there.expiring(now + LAST_MILLIS, 0, now));
    }
  }
}
