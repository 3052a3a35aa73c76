/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.memogrid.cache.CacheOptions;

/** One name, one set of options. */
final class OtherOptions {
  private OtherOptions() {}

  /**
   * Does nothing if both are equal.
   *
   * @throws IllegalStateException showing both
   */
  static void refuse(String name, CacheOptions existing, CacheOptions asked) {
    if (!existing.equals(asked)) {
      throw new IllegalStateException(
          "cache '"
              + name
              + "' exists with other options: it has ["
              + existing
              + "], asked for was ["
              + asked
              + "]; open it with cache(name), with the options it has, or destroy it first");
    }
  }
}
