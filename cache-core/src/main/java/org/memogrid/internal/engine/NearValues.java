/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Values by key, found in the <i>era</i> that they were kept in: a number that the reader brings,
 * and that rises when all that was kept before is void. Of one key, keeping and removing must
 * exclude each other; reading needs nothing.
 */
final class NearValues {
  /** The values of one era. Itself alone. */
  private static final class Era {
    final long number;
    final ConcurrentHashMap<Object, Object> values = new ConcurrentHashMap<>();

    Era(long number) {
      this.number = number;
    }
  }

  private volatile Era present = new Era(Long.MIN_VALUE);

  @Nullable Object get(Object key, long era) {
    Era now = present;
    return now.number == era ? now.values.get(key) : null;
  }

  /** Lets go of all values if they are of an era before; says whether there were any. */
  @CanIgnoreReturnValue
  synchronized boolean begin(long era) {
    Era before = present;
    if (before.number < era) {
      present = new Era(era);
    }
    return before.number < era && !before.values.isEmpty();
  }

  /** Says whether it is kept: not in an era that has not begun, or is over. */
  @CanIgnoreReturnValue
  boolean keep(Object key, Object value, long era) {
    Era now = present;
    if (now.number != era) {
      return false;
    }
    now.values.put(key, value); // if another begins now, it lands where nobody looks
    return true;
  }

  boolean has(Object key) {
    return present.values.containsKey(key);
  }

  void remove(Object key) {
    present.values.remove(key);
  }

  void clear() {
    present.values.clear();
  }

  long size() {
    return present.values.mappingCount();
  }
}
