/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cdi;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import javax.cache.Cache;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Cluster;
import org.memogrid.memo.internal.SingleFlight;

/** Who of the cluster's members runs a method that all of them miss. Thread-safe. */
@ApplicationScoped
class Leases {
  @GuardedBy("this") private final Map<Cache<?, ?>, Optional<SingleFlight>> flights = new HashMap<>();

  /** Null for a cache of another provider, which is in no cluster of ours. */
  synchronized @Nullable SingleFlight of(Cache<?, ?> cache) {
    Optional<SingleFlight> flight = flights.get(cache);
    if (flight == null) {
      forgetClosed();
      flight = Optional.ofNullable(open(cache));
      flights.put(cache, flight);
    }
    return flight.orElse(null);
  }

  private static @Nullable SingleFlight open(Cache<?, ?> cache) {
    org.memogrid.cache.Cache<?, ?> own;
    Cluster cluster;
    try {
      own = cache.unwrap(org.memogrid.cache.Cache.class);
      cluster = cache.getCacheManager().unwrap(Cluster.class);
    } catch (IllegalArgumentException notOurs) {
      return null;
    }
    return SingleFlight.open(cluster, "cdi:" + own.name(), own.mode());
  }

  private synchronized void forgetClosed() {
    flights
        .entrySet()
        .removeIf(
            each -> {
              boolean closed = each.getKey().isClosed();
              if (closed) {
                each.getValue().ifPresent(SingleFlight::close);
              }
              return closed;
            });
  }

  @PreDestroy
  synchronized void close() {
    flights.values().forEach(each -> each.ifPresent(SingleFlight::close));
    flights.clear();
  }
}
