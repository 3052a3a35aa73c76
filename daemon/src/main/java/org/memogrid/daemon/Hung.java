/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

/** What becomes of a daemon that does not stop. */
public enum Hung {
  /** It is not given away while it may still do something: no second copy, and none that works. */
  HOLD,
  /** Another member starts it: there may be two, of which the token tells the older. */
  RELEASE
}
