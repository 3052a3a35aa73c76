/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.internal.store.Store;

/**
 * All stores of one member: its own, in memory, persistent or transactional, and those it shares. A
 * name is one of them, never two. Without a network every mode is local. Thread-safe.
 */
public final class MemberStores implements StoreFactory {
  private final StoreFactory local;
  private final StoreFactory durable;
  private final StoreFactory transactional;
  private volatile @Nullable StoreFactory shared;

  /**
   * The stores of a member that has not joined.
   *
   * @param durable its own that are persistent
   * @param transactional its own that take part in transactions
   */
  public MemberStores(StoreFactory local, StoreFactory durable, StoreFactory transactional) {
    this.local = local;
    this.durable = durable;
    this.transactional = transactional;
  }

  /** Adds those of the cluster that the member joined. */
  public void join(StoreFactory shared) {
    this.shared = shared;
  }

  @Override
  public Store open(String name, CacheOptions options) {
    CacheOptions other = optionsOf(name);
    if (other != null && !home(other).equals(home(options))) {
      OtherOptions.refuse(name, other, options);
    }
    return home(options).open(name, options);
  }

  /** Where a store with these options is, or would be. */
  private StoreFactory home(CacheOptions options) {
    StoreFactory cluster = shared;
    if (cluster != null && options.mode() != Mode.LOCAL) {
      return cluster;
    }
    if (options.locking() != null) {
      return transactional;
    }
    return options.persist() == null ? local : durable;
  }

  @Override
  public @Nullable CacheOptions optionsOf(String name) {
    CacheOptions here = local.optionsOf(name);
    here = here == null ? durable.optionsOf(name) : here;
    here = here == null ? transactional.optionsOf(name) : here;
    StoreFactory cluster = shared;
    return here != null || cluster == null ? here : cluster.optionsOf(name);
  }

  @Override
  public Set<String> names() {
    StoreFactory cluster = shared;
    Set<String> names = new TreeSet<>(local.names());
    names.addAll(durable.names());
    names.addAll(transactional.names());
    if (cluster != null) {
      names.addAll(cluster.names());
    }
    return names;
  }

  @Override
  public void leave() {
    StoreFactory cluster = shared;
    if (cluster != null) {
      cluster.leave();
    }
  }

  @Override
  public void close() {
    StoreFactory cluster = shared;
    if (cluster != null) {
      cluster.close();
    }
    durable.close();
    transactional.close();
    local.close();
  }
}
