/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

/** Who hears of a run that failed. */
public enum FailurePolicy {
  /** All who waited for the run get its failure; the next call runs again. The default. */
  SHARE,
  /**
   * The caller who ran gets the failure, and the next of those who waited runs in its place; the
   * last gets its own. For functions that fail for reasons of one member or one moment: with {@code
   * n} callers that wait, a function that always fails runs {@code n} times, one after the other.
   */
  PROMOTE_NEXT
}
