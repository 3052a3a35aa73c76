/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.wire;

/** A request that got no answer: why, from whom, and what to do about it. */
public final class WireException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why there is no answer. */
  public enum Reason {
    MEMBER_LEFT,
    NO_SUCH_SERVICE,
    DEADLINE,
    CLOSED,
    HANDLER_FAILED
  }

  private final Reason reason;

  public WireException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
