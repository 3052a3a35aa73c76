/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

/** A write that was refused because its turn is over: another had a later one. */
public final class FencedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** For the caches. */
  public FencedException(String message) {
    super(message);
  }
}
