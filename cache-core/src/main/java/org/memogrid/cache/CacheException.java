/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

/**
 * The engine could not finish a call: a member did not answer in time, or the entry is not
 * available on this side of a split cluster. The cause is the engine's own. A write may have
 * happened or not.
 */
public final class CacheException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public CacheException(String message, Throwable cause) {
    super(message, cause);
  }
}
