/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

/** A class that may not, or can't, cross the wire. The message says why and what to do. */
final class RefusedException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  RefusedException(String message) {
    super(message);
  }
}
