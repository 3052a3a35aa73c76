/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.Duration;

/** How many members there must be for a join to succeed, and how long it may take. */
public record Expected(int members, Duration within) {
  /** A member alone will do. */
  public static final Expected ANYBODY = new Expected(1, Duration.ZERO);
}
