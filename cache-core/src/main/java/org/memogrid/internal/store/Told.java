/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheEvent;

/**
 * What listeners are told of a change of what is stored. A tombstone is nothing to them: it comes
 * and goes unheard, and the first value over it is CREATED. Nothing that is listened to writes a
 * tombstone over a value.
 */
public final class Told {
  private Told() {}

  /**
   * The event that a change is.
   *
   * @param old what was there before, where it is known
   * @return null if it is none
   */
  public static CacheEvent.@Nullable Type of(
      CacheEvent.Type change, @Nullable Envelope value, @Nullable Envelope old) {
    boolean overTombstone = old != null && old.isTombstone();
    if (value == null) {
      return overTombstone ? null : change;
    }
    if (value.isTombstone()) {
      return null;
    }
    return overTombstone || (change == CacheEvent.Type.UPDATED && value.isFirst())
        ? CacheEvent.Type.CREATED
        : change;
  }
}
