/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

/**
 * The engine could not finish a call: a member did not answer in time, the entry is not available
 * on this side of a split cluster, or the files of a persistent cache can't be opened, read or
 * written. The cause, if there is one, is the engine's own. A write may have happened or not.
 */
public final class CacheException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A failure that nothing else caused. */
  public CacheException(String message) {
    super(message);
  }

  public CacheException(String message, Throwable cause) {
    super(message, cause);
  }
}
