/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

/**
 * A handing out that did not end well.
 *
 * @param at when it ended, in milliseconds of the epoch
 * @param member the name of the member that had the message
 * @param error what became of it
 */
record Attempt(long at, String member, String error) {
  /** How much of an error is kept. */
  private static final int LONGEST = 2_000;

  Attempt {
    error = shortened(error);
  }

  /** What is kept of an error. */
  static String shortened(String error) {
    return error.length() > LONGEST ? error.substring(0, LONGEST - 3) + "..." : error;
  }
}
