/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Tells whether what was read from a cache's store is still what the store has, as far as writes
 * that reach this member go. Thread-safe.
 *
 * <p>What goes wrong without it:
 *
 * <ol>
 *   <li>A read finds nothing in memory and reads the entry from the store.
 *   <li>The entry is removed, from the store and from memory, and the removal is confirmed.
 *   <li>The read puts what it had read into memory, and serves it from then on.
 * </ol>
 *
 * <p>Invariants: a write says {@link #writing} before it changes store or memory, and {@link
 * #written} after it changed both; a load says {@link #loading} before it reads the store, asks
 * whether it is current while it holds the container's lock of the key, and says {@link #loaded}. A
 * load is current if no other write of the key was under way when it began, and none has begun
 * since: one that begins later finds what the load has left in memory, and changes it.
 */
final class LoadGuard {
  private final ConcurrentMap<Object, Traffic> keys = new ConcurrentHashMap<>();
  private final Traffic all = new Traffic();

  /** What is going on with a key, or with all; changed under its lock, gone when nothing is. */
  private static final class Traffic {
    private int users;
    private int underWay;
    private volatile long begun;
  }

  /** A load that was under way or is. */
  final class Load {
    private final Object key;
    private final Traffic traffic;
    private final boolean clean;
    private final long begun;
    private final long allBegun;

    Load(Object key, Traffic traffic, boolean clean, long begun, long allBegun) {
      this.key = key;
      this.traffic = traffic;
      this.clean = clean;
      this.begun = begun;
      this.allBegun = allBegun;
    }

    /** Whether what it has read, or will read, is what the store has now. */
    boolean isCurrent() {
      return clean && begun == traffic.begun && allBegun == all.begun;
    }
  }

  /** Changes the traffic of a key under its lock, and forgets it when it has no users. */
  private Traffic change(Object key, int users, int writes) {
    Traffic[] changed = new Traffic[1];
    keys.compute(
        key,
        (same, there) -> {
          Traffic traffic = there == null ? new Traffic() : there;
          change(traffic, users, writes);
          changed[0] = traffic;
          return traffic.users == 0 ? null : traffic;
        });
    return changed[0];
  }

  private static void change(Traffic traffic, int users, int writes) {
    synchronized (traffic) {
      traffic.users += users;
      traffic.underWay += writes;
      if (writes > 0) {
        traffic.begun++;
      }
    }
  }

  void writing(Object key) {
    var unused = change(key, 1, 1);
  }

  void written(Object key) {
    var unused = change(key, -1, -1);
  }

  /** A write of all keys begins. */
  void clearing() {
    change(all, 1, 1);
  }

  void cleared() {
    change(all, -1, -1);
  }

  /**
   * A load begins.
   *
   * @param ofWrite whether it is a write of the key, which has said so, that wants the entry
   */
  Load loading(Object key, boolean ofWrite) {
    Traffic traffic = change(key, 1, 0);
    boolean cleared;
    long allBegun;
    synchronized (all) {
      cleared = all.underWay == 0;
      allBegun = all.begun;
    }
    synchronized (traffic) {
      boolean alone = traffic.underWay == (ofWrite ? 1 : 0);
      return new Load(key, traffic, alone && cleared, traffic.begun, allBegun);
    }
  }

  /** A load is over. */
  void loaded(Load load) {
    var unused = change(load.key, -1, 0);
  }

  /** For tests: how many keys something is going on with. */
  int busy() {
    return keys.size();
  }
}
