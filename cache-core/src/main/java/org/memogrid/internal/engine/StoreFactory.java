/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.internal.store.Store;

/** Opens stores, each name once. Thread-safe. */
public interface StoreFactory {
  /**
   * The store of that name, opened on every member that shares it.
   *
   * @throws IllegalStateException if there is one with other options, showing both
   */
  Store open(String name, CacheOptions options);

  /** What a store was opened with, here or elsewhere; null if there is none. */
  @Nullable CacheOptions optionsOf(String name);

  /** The names of all stores that can be opened here with the options they have. */
  Set<String> names();

  /** Tells the other members that this one is about to stop. Calls from now on may fail. */
  default void leave() {}

  /** Lets go of what the stores hold in this process. Open stores fail from now on. */
  void close();
}
