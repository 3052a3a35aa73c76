/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.internal.store.Envelope;

/** A store's reads of what other members hold, and the copies that they leave here. */
final class CopiedReads {
  private final NearCopies<ClusterKey, Envelope> copies;
  private final CoarseClock coarse;

  private CopiedReads(NearCopies<ClusterKey, Envelope> copies, CoarseClock coarse) {
    this.copies = copies;
    this.coarse = coarse;
  }

  /** Null if the options have no near cache. */
  static @Nullable CopiedReads of(
      CacheOptions options, NearInterceptor interceptor, CoarseClock coarse) {
    Duration maxAge = options.nearCacheMaxAge();
    if (maxAge == null) {
      return null;
    }
    NearCopies<ClusterKey, Envelope> copies =
        new NearCopies<>(interceptor.source(), coarse, options.nearCacheMaxEntries(), maxAge);
    interceptor.tell(copies);
    return new CopiedReads(copies, coarse);
  }

  NearCopies<ClusterKey, Envelope> copies() {
    return copies;
  }

  /** A copy that need not be judged by the real clock, and whose use need not be noted. */
  @Nullable Envelope near(Object key) {
    Envelope copy = copies.get(key);
    return copy == null || !copy.isMortal() || copy.isSteady(coarse.now(), coarse.lag())
        ? copy
        : null;
  }

  /** What {@code read} answers for the key. */
  @Nullable Envelope get(Object key, ClusterKey place, Supplier<@Nullable Envelope> read) {
    NearCopies.Reading<ClusterKey, Envelope> reading = copies.begin(place);
    if (reading == null) {
      return read.get();
    }
    Envelope found = null;
    try {
      found = read.get();
      return found;
    } finally {
      copies.end(reading, key, living(found));
    }
  }

  /** What {@code read} answers for the keys. */
  Map<ClusterKey, Envelope> getAll(
      Set<ClusterKey> places, Supplier<Map<ClusterKey, Envelope>> read) {
    List<NearCopies.Reading<ClusterKey, Envelope>> readings = new ArrayList<>();
    for (ClusterKey place : places) {
      NearCopies.Reading<ClusterKey, Envelope> reading = copies.begin(place);
      if (reading != null) {
        readings.add(reading);
      }
    }
    Map<ClusterKey, Envelope> found = Map.of();
    try {
      found = read.get();
      return found;
    } finally {
      for (NearCopies.Reading<ClusterKey, Envelope> reading : readings) {
        ClusterKey place = reading.place();
        copies.end(reading, place.key(), living(found.get(place)));
      }
    }
  }

  private static @Nullable Envelope living(@Nullable Envelope found) {
    return found == null || found.isTombstone() ? null : found;
  }
}
