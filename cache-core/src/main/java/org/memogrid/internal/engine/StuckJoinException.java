/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

/** A member that joins is to be sent entries, and nobody sends any more. To join anew helps. */
public final class StuckJoinException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  StuckJoinException(String message) {
    super(message);
  }
}
