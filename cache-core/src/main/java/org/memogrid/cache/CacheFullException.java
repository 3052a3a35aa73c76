/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

/**
 * A new key was refused because the cache holds {@link CacheOptions#maxEntries} entries and was
 * told to {@linkplain CacheOptions.WhenFull#REFUSE refuse}. Nothing was changed.
 */
public final class CacheFullException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  public CacheFullException(String message) {
    super(message);
  }
}
