/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import java.util.List;
import org.memogrid.cache.CacheMXBean;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.InDoubtTransaction;
import org.memogrid.internal.store.Store;

/** What JMX shows of a cache. */
final class CacheBean implements CacheMXBean {
  private final Store store;
  private final CacheOptions options;
  private final Counters counters;

  CacheBean(Store store, CacheOptions options, Counters counters) {
    this.store = store;
    this.options = options;
    this.counters = counters;
  }

  @Override
  public String getMode() {
    return store.mode().name();
  }

  @Override
  public String getOptions() {
    return options.toString();
  }

  @Override
  public boolean isOpen() {
    return store.isOpen();
  }

  @Override
  public long getHits() {
    return counters.hits.sum();
  }

  @Override
  public long getMisses() {
    return counters.misses.sum();
  }

  @Override
  public long getPuts() {
    return counters.puts.sum();
  }

  @Override
  public long getRemovals() {
    return counters.removals.sum();
  }

  @Override
  public long getEvictions() {
    return store.evictions();
  }

  @Override
  public long getExpirations() {
    return store.expirations();
  }

  @Override
  public List<String> getMissing() {
    return List.copyOf(store.missing());
  }

  @Override
  public void goOnWithoutMissing() {
    store.goOnWithoutMissing();
  }

  @Override
  public List<String> getInDoubt() {
    return store.inDoubt().stream().map(each -> each + ", keys " + each.keys()).toList();
  }

  @Override
  public void commitInDoubt(String id) {
    inDoubt(id).commit();
  }

  @Override
  public void rollbackInDoubt(String id) {
    inDoubt(id).rollback();
  }

  private InDoubtTransaction inDoubt(String id) {
    return store.inDoubt().stream()
        .filter(each -> each.id().equals(id))
        .findAny()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no transaction of id '"
                        + id
                        + "' is in doubt in cache '"
                        + store.name()
                        + "': InDoubt shows those that are"));
  }
}
