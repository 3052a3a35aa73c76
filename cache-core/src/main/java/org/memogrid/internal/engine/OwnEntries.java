/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.infinispan.AdvancedCache;
import org.infinispan.context.InvocationContext;
import org.infinispan.context.InvocationContextFactory;
import org.infinispan.factories.ComponentRegistry;
import org.memogrid.internal.store.Envelope;

/** What the calling thread's transaction has read and written of a cache so far. */
final class OwnEntries {
  static final OwnEntries NONE = new OwnEntries(Map.of());

  /** Empty for a key that it removed or found missing. */
  private final Map<Object, Optional<Envelope>> entries;

  private OwnEntries(Map<Object, Optional<Envelope>> entries) {
    this.entries = entries;
  }

  static OwnEntries of(AdvancedCache<ClusterKey, Envelope> cache) {
    InvocationContext context =
        ComponentRegistry.componentOf(cache, InvocationContextFactory.class)
            .createInvocationContext(false, InvocationContextFactory.UNBOUNDED);
    if (!context.isInTxScope()) {
      return NONE;
    }
    Map<Object, Optional<Envelope>> entries = new HashMap<>();
    context.forEachEntry(
        (key, entry) ->
            entries.put(
                key,
                entry.isNull() || entry.isRemoved()
                    ? Optional.empty()
                    : Optional.of((Envelope) entry.getValue())));
    return new OwnEntries(entries);
  }

  /** Whether the transaction, not the cache, says what is there. */
  boolean knows(Object key) {
    return entries.containsKey(key);
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  Stream<Map.Entry<Object, Envelope>> stream() {
    return entries.entrySet().stream()
        .filter(entry -> entry.getValue().isPresent())
        .map(
            entry ->
                Map.entry(((ClusterKey) entry.getKey()).key(), entry.getValue().orElseThrow()));
  }
}
