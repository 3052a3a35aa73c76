/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a memo on this member.
 *
 * @param key the normalised key
 * @param took how long the function ran; zero for {@link Type#STALE} and {@link Type#STARTED}
 * @param failure what the function threw, for {@link Type#FAILED}; else null
 */
public record MemoEvent<K>(Type type, K key, Duration took, @Nullable Throwable failure) {
  /** The kinds of event. */
  public enum Type {
    /** The function is called. */
    STARTED,
    /** The function returned, whether or not its result is remembered. */
    RETURNED,
    /** The function threw, took too long, or was stopped. */
    FAILED,
    /** A stale value was returned. */
    STALE
  }
}
