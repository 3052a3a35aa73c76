/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Persist;

/**
 * What all members must agree on about a queue. Times are in milliseconds.
 *
 * @param attempts how often a message is tried before it is a dead letter
 * @param crashes how many members it may take with it before it is one
 * @param backoff the longest pause after the first failure; doubled after each
 * @param longestBackoff where doubling ends
 * @param capacity messages waiting and handed out; 0 without limit
 * @param largest body, in bytes
 * @param dedupeWindow how long a dedupe id is remembered
 * @param rate messages handed out per {@code ratePeriod} in the cluster; 0 without limit
 * @param nodeRate the same for each member
 * @param persist where it is kept beside the memory; null if it is not
 */
record Settings(
    int attempts,
    int crashes,
    long backoff,
    long longestBackoff,
    long capacity,
    WhenFull whenFull,
    int largest,
    long dedupeWindow,
    int rate,
    long ratePeriod,
    int nodeRate,
    long nodeRatePeriod,
    @Nullable Persist persist) {
  static final int DEFAULT_LARGEST = 8 * 1024 * 1024;

  static final Settings DEFAULT =
      new Settings(
          10,
          3,
          100,
          60_000,
          0,
          WhenFull.BLOCK,
          DEFAULT_LARGEST,
          Duration.ofMinutes(10).toMillis(),
          0,
          1_000,
          0,
          1_000);

  /** Of a queue in memory. */
  Settings(
      int attempts,
      int crashes,
      long backoff,
      long longestBackoff,
      long capacity,
      WhenFull whenFull,
      int largest,
      long dedupeWindow,
      int rate,
      long ratePeriod,
      int nodeRate,
      long nodeRatePeriod) {
    this(
        attempts,
        crashes,
        backoff,
        longestBackoff,
        capacity,
        whenFull,
        largest,
        dedupeWindow,
        rate,
        ratePeriod,
        nodeRate,
        nodeRatePeriod,
        null);
  }

  Settings persist(Persist place) {
    return new Settings(
        attempts,
        crashes,
        backoff,
        longestBackoff,
        capacity,
        whenFull,
        largest,
        dedupeWindow,
        rate,
        ratePeriod,
        nodeRate,
        nodeRatePeriod,
        place);
  }

  /** Why a body of so many bytes is refused. */
  String tooLarge(String where, int bytes) {
    return "a message for "
        + where
        + " has "
        + bytes
        + " bytes, and it takes "
        + largest
        + ": put the large part elsewhere and publish where, or open the queue with"
        + " maxMessageBytes(...)";
  }
}
