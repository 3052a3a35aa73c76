/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

/**
 * What becomes of a firing whose member was lost while it ran, or just before. Either way it is in
 * the {@linkplain Job#history() history} as {@link Firing.Outcome#LOST}.
 */
public enum WhenLost {
  /** It is not run again: at most once. */
  SKIP,
  /** Another member runs it again, and again, three times in all: at least once, mostly. */
  RERUN
}
