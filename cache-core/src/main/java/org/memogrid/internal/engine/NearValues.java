/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * Values by key, found until a time, and in the <i>era</i> that they were kept in: a number that
 * the reader brings, and that rises when all that was kept before is void. Of one key, keeping and
 * removing must exclude each other; reading needs nothing.
 *
 * <p>Those that are found for ever lie in a map of their own, by themselves: a look at an object
 * that says how long would be most of what finding one costs.
 */
final class NearValues {
  /** The values of one era. Itself alone. */
  private static final class Era {
    final long number;
    final ConcurrentHashMap<Object, Object> values = new ConcurrentHashMap<>();
    final ConcurrentHashMap<Object, Ending> ending = new ConcurrentHashMap<>();

    Era(long number) {
      this.number = number;
    }

    boolean isEmpty() {
      return values.isEmpty() && ending.isEmpty();
    }
  }

  private static final class Ending {
    final Object value;
    final long until;

    Ending(Object value, long until) {
      this.value = value;
      this.until = until;
    }
  }

  private volatile Era present = new Era(Long.MIN_VALUE);

  /** Set with the first that ends, and never back: most maps have none, or nothing else. */
  private volatile boolean someEnd;

  /**
   * @param clock by which those end that do
   */
  @Nullable Object get(Object key, long era, CoarseClock clock) {
    Era now = present;
    if (now.number != era) {
      return null;
    }
    Object value = now.values.get(key);
    if (value != null || !someEnd) {
      return value;
    }
    Ending ending = now.ending.get(key);
    return ending != null && clock.now() < ending.until ? ending.value : null;
  }

  /** Lets go of all values if they are of an era before; says whether there were any. */
  @CanIgnoreReturnValue
  synchronized boolean begin(long era) {
    Era before = present;
    if (before.number < era) {
      present = new Era(era);
    }
    return before.number < era && !before.isEmpty();
  }

  /**
   * Says whether it is kept: not in an era that has not begun, or is over.
   *
   * @param until {@link Envelope#NEVER} for ever
   */
  @CanIgnoreReturnValue
  boolean keep(Object key, Object value, long until, long era) {
    Era now = present;
    if (now.number != era) {
      return false;
    }
    if (until == Envelope.NEVER) { // if another era begins now, it lands where nobody looks
      now.values.put(key, value);
    } else {
      someEnd = true;
      now.ending.put(key, new Ending(value, until));
    }
    return true;
  }

  boolean has(Object key) {
    Era now = present;
    return now.values.containsKey(key) || now.ending.containsKey(key);
  }

  /** Whether there is one whose time is not over. */
  boolean stands(Object key, CoarseClock clock) {
    Era now = present;
    Ending ending = now.ending.get(key);
    return now.values.containsKey(key) || (ending != null && clock.now() < ending.until);
  }

  void remove(Object key) {
    Era now = present;
    now.values.remove(key);
    now.ending.remove(key);
  }

  void clear() {
    Era now = present;
    now.values.clear();
    now.ending.clear();
  }

  long size() {
    Era now = present;
    return now.values.mappingCount() + now.ending.mappingCount();
  }
}
