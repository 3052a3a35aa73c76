/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * One lock per key of this member, there while somebody holds it or waits for it. It orders what
 * must happen once and in step with the entry: loader, writer and synchronous listeners. The entry
 * itself is kept by conditional writes, which also see the other members.
 *
 * <p>A thread may lock a key again. Locks of several keys are taken in the order of their hashes;
 * who has two keys of one hash takes them behind a lock that all such callers share.
 */
final class KeyLocks {
  private final ConcurrentMap<Object, Held> locks = new ConcurrentHashMap<>();
  private final ReentrantLock ties = new ReentrantLock();

  /** Runs {@code work} while no other thread here has the key. */
  <T> T with(Object key, Supplier<T> work) {
    lock(key);
    try {
      return work.get();
    } finally {
      unlock(key);
    }
  }

  /** Runs {@code work} while no other thread here has one of the keys. */
  <T> T withAll(Collection<?> keys, Supplier<T> work) {
    List<Object> ordered = new ArrayList<>(Set.copyOf(keys));
    ordered.sort(Comparator.comparingInt(Object::hashCode));
    boolean tied = ordered.stream().map(Object::hashCode).distinct().count() < ordered.size();
    Deque<Object> held = new ArrayDeque<>(ordered.size());
    if (tied) {
      ties.lock();
    }
    try {
      for (Object key : ordered) {
        lock(key);
        held.push(key);
      }
      return work.get();
    } finally {
      held.forEach(this::unlock);
      if (tied) {
        ties.unlock();
      }
    }
  }

  private void lock(Object key) {
    Held held =
        locks.compute(
            key,
            (k, there) -> {
              Held one = there == null ? new Held() : there;
              one.users++;
              return one;
            });
    held.lock.lock();
  }

  private void unlock(Object key) {
    locks.computeIfPresent(
        key,
        (k, held) -> {
          held.lock.unlock();
          return --held.users == 0 ? null : held;
        });
  }

  /** Whether nobody holds or awaits any. */
  boolean isIdle() {
    return locks.isEmpty();
  }

  private static final class Held {
    private final ReentrantLock lock = new ReentrantLock();

    /** Changed within the map's compute only. */
    private int users;
  }
}
