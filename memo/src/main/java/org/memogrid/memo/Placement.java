/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

/** Which member runs the function. */
public enum Placement {
  /** The member that asked first, on the thread of its caller. The default. */
  CALLER,
  /**
   * The member that is home to the key and stores its result, on a thread of the memo's own: what
   * the function reads can lie beside it. If the home has not opened the memo, the caller runs. A
   * preference, not a promise: while members come and go, the caller may run.
   */
  OWNER
}
