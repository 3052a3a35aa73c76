/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Collection;
import org.infinispan.commands.write.PutKeyValueCommand;
import org.infinispan.commands.write.PutMapCommand;
import org.infinispan.container.entries.CacheEntry;
import org.infinispan.container.impl.InternalDataContainer;
import org.infinispan.context.InvocationContext;
import org.infinispan.distribution.DistributionManager;
import org.infinispan.interceptors.DDAsyncInterceptor;
import org.infinispan.transaction.WriteSkewException;
import org.memogrid.cache.CacheFullException;
import org.memogrid.cache.Mode;

/**
 * Refuses new keys on the member that orders their writes, when it is full. The engine can do so
 * only with transactions.
 *
 * <p>The count is of what this member holds, whoever orders it, and it is read before the write: of
 * writers of different keys at the same time, each may find the last place free. Members that only
 * back an entry up take it in any case.
 */
final class RefusingInterceptor extends DDAsyncInterceptor {
  private final String cache;
  private final long maxEntries;
  private final Mode mode;
  private final InternalDataContainer<?, ?> container;
  private final DistributionManager distribution;

  RefusingInterceptor(
      String cache,
      long maxEntries,
      Mode mode,
      InternalDataContainer<?, ?> container,
      DistributionManager distribution) {
    this.cache = cache;
    this.maxEntries = maxEntries;
    this.mode = mode;
    this.container = container;
    this.distribution = distribution;
  }

  @Override
  public Object visitPutKeyValueCommand(InvocationContext context, PutKeyValueCommand command) {
    var unused = check(context, command.getKey(), 0);
    return invokeNext(context, command);
  }

  @Override
  public Object visitPutMapCommand(InvocationContext context, PutMapCommand command) {
    Collection<?> keys = command.getMap().keySet();
    int created = 0;
    for (Object key : keys) {
      if (check(context, key, created)) {
        created++;
      }
    }
    return invokeNext(context, command);
  }

  /** True if the key is new and this member orders it. */
  private boolean check(InvocationContext context, Object key, int beside) {
    CacheEntry<?, ?> entry = context.lookupEntry(key);
    if (entry == null || !entry.isNull() || !orders(key)) {
      return false;
    }
    if (container.sizeIncludingExpired() + beside >= maxEntries
        && container.size() + beside >= maxEntries) {
      String message = Refusal.message(cache, maxEntries);
      // Of all exceptions the one that the engine does not log as an error of its own.
      throw new WriteSkewException(message, new CacheFullException(message), null);
    }
    return true;
  }

  private boolean orders(Object key) {
    return mode == Mode.INVALIDATED
        || distribution.getCacheTopology().getDistribution(key).isPrimary();
  }
}
