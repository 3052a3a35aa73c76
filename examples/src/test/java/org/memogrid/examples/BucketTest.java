/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.bucket4j.Bucket;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.grid.jcache.Bucket4jJCache;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.cache.Cache;
import javax.cache.Caching;
import javax.cache.configuration.MutableConfiguration;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;

/** Bucket4j limits a rate for all nodes together. */
class BucketTest {
  private static final int TOKENS = 100;
  private static final int CALLERS = 3;

  /** The one bucket of a customer, whichever node asks. */
  private static Bucket bucket(String customer) {
    Cache<String, byte[]> cache =
        Caching.getCachingProvider()
            .getCacheManager()
            .createCache(
                "buckets",
                new MutableConfiguration<String, byte[]>().setTypes(String.class, byte[].class));
    return Bucket4jJCache.entryProcessorBasedBuilder(cache)
        .build()
        .builder()
        .build(
            customer,
            () ->
                BucketConfiguration.builder()
                    .addLimit(
                        limit ->
                            limit.capacity(TOKENS).refillIntervally(TOKENS, Duration.ofDays(365)))
                    .build());
  }

  /** How many of {@link #TOKENS} attempts are let through. */
  private static int take(NodeContext there) {
    Bucket bucket = there.kept("bucket", () -> bucket("eve"));
    int taken = 0;
    for (int i = 0; i < TOKENS; i++) {
      taken += bucket.tryConsume(1) ? 1 : 0;
    }
    return taken;
  }

  @Test
  void twoNodesShareOneLimitAndNoTokenIsTakenTwice() {
    try (TwoNodes nodes = new TwoNodes("buckets", "")) {
      for (NodeProcess node : nodes.both()) {
        assertThat(
                node.<Long>call(
                    there -> there.kept("bucket", () -> bucket("eve")).getAvailableTokens()))
            .isEqualTo(TOKENS);
      }
      assertThat(nodes.two().<Integer>call(there -> Cluster.shared().membership().members().size()))
          .isEqualTo(2);

      List<CompletableFuture<Integer>> callers = new ArrayList<>();
      for (NodeProcess node : nodes.both()) {
        for (int i = 0; i < CALLERS; i++) {
          callers.add(node.callAsync(there -> take(there)));
        }
      }

      assertThat(callers.stream().mapToInt(CompletableFuture::join).sum()).isEqualTo(TOKENS);
    }
  }
}
