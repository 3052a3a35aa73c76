/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

/** How a cache keeps its entries. Immutable. */
public final class CacheOptions {
  private final Mode mode;

  private CacheOptions(Mode mode) {
    this.mode = mode;
  }

  public static CacheOptions of(Mode mode) {
    return new CacheOptions(mode);
  }

  public Mode mode() {
    return mode;
  }
}
