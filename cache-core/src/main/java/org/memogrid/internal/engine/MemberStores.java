/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.internal.store.Store;

/**
 * All stores of one member: its own, and those it shares. A name is one or the other, never both.
 * Without a network every mode is local. Thread-safe.
 */
public final class MemberStores implements StoreFactory {
  private final StoreFactory local;
  private volatile @Nullable StoreFactory shared;

  /** The stores of a member that has not joined. */
  public MemberStores(StoreFactory local) {
    this.local = local;
  }

  /** Adds those of the cluster that the member joined. */
  public void join(StoreFactory shared) {
    this.shared = shared;
  }

  @Override
  public Store open(String name, CacheOptions options) {
    StoreFactory cluster = shared;
    if (cluster == null) {
      return local.open(name, options);
    }
    boolean here = options.mode() == Mode.LOCAL;
    CacheOptions other = (here ? cluster : local).optionsOf(name);
    if (other != null) {
      OtherOptions.refuse(name, other, options);
    }
    return (here ? local : cluster).open(name, options);
  }

  @Override
  public @Nullable CacheOptions optionsOf(String name) {
    StoreFactory cluster = shared;
    CacheOptions here = local.optionsOf(name);
    return here != null || cluster == null ? here : cluster.optionsOf(name);
  }

  @Override
  public Set<String> names() {
    StoreFactory cluster = shared;
    Set<String> names = new TreeSet<>(local.names());
    if (cluster != null) {
      names.addAll(cluster.names());
    }
    return names;
  }

  @Override
  public void close() {
    StoreFactory cluster = shared;
    if (cluster != null) {
      cluster.close();
    }
    local.close();
  }
}
