/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

/**
 * What becomes of an instant that daylight saving time leaves out: 02:30 on the day on which 03:00
 * follows on 01:59. One whose like on the new clock fires as well, as 03:30 does if the job fires
 * every half hour, is not left out.
 */
public enum Gap {
  /** It fires once when the gap is over, at 03:00, however many instants were in the gap. */
  RUN_ONCE_AFTER,
  /** It does not fire on that day. */
  SKIP
}
