/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import io.reactivex.rxjava3.core.Flowable;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.infinispan.container.entries.CacheEntry;
import org.memogrid.internal.store.Envelope;
import org.reactivestreams.Publisher;

/**
 * How many of some entries have a value: what {@code size} asks each member for those that it
 * orders. The engine's own count takes tombstones for entries.
 */
final class LivingCount
    implements Function<Publisher<CacheEntry<ClusterKey, Envelope>>, CompletionStage<Long>> {
  static final LivingCount INSTANCE = new LivingCount();

  private LivingCount() {}

  @Override
  public CompletionStage<Long> apply(Publisher<CacheEntry<ClusterKey, Envelope>> entries) {
    return Flowable.fromPublisher(entries)
        .filter(entry -> !entry.getValue().isTombstone())
        .count()
        .toCompletionStage();
  }
}
