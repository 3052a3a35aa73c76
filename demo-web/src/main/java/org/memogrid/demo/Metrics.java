/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheStats;
import org.memogrid.cluster.Cluster;
import org.memogrid.memo.Memo;
import org.memogrid.memo.MemoStats;

/** {@code /metrics} in the text form of Prometheus. All counts are this member's own. */
final class Metrics extends Handler.Abstract {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  Metrics(Cluster cluster, DemoApp app, Cache<?, ?>... more) {
    registry.config().commonTags("node", cluster.self().name());
    Gauge.builder("memogrid.cluster.members", cluster, c -> c.membership().members().size())
        .description("members in this member's view")
        .register(registry);
    cache(registry, app.counters);
    for (Cache<?, ?> cache : more) {
      cache(registry, cache);
    }
    memo(registry, app.sleepy);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    return Request.getPathInContext(request).equals("/metrics")
        && Health.write(
            response,
            callback,
            HttpStatus.OK_200,
            "text/plain; version=0.0.4; charset=utf-8",
            registry.scrape());
  }

  private static void cache(MeterRegistry registry, Cache<?, ?> cache) {
    count(registry, cache, "gets", "result", "hit", CacheStats::hits);
    count(registry, cache, "gets", "result", "miss", CacheStats::misses);
    count(registry, cache, "changes", "kind", "put", CacheStats::puts);
    count(registry, cache, "changes", "kind", "removal", CacheStats::removals);
    count(registry, cache, "changes", "kind", "eviction", CacheStats::evictions);
    count(registry, cache, "changes", "kind", "expiration", CacheStats::expirations);
  }

  private static void count(
      MeterRegistry registry,
      Cache<?, ?> cache,
      String what,
      String tag,
      String value,
      ToDoubleFunction<CacheStats> count) {
    FunctionCounter.builder("memogrid.cache." + what, cache, c -> count.applyAsDouble(c.stats()))
        .tags("cache", cache.name(), tag, value)
        .register(registry);
  }

  private static void memo(MeterRegistry registry, Memo<?, ?> memo) {
    calls(registry, memo, "hit", MemoStats::hits);
    calls(registry, memo, "join", MemoStats::joins);
    calls(registry, memo, "run", MemoStats::runs);
    FunctionCounter.builder("memogrid.memo.failures", memo, m -> m.stats().failures())
        .tags("memo", memo.name())
        .register(registry);
    FunctionTimer.builder(
            "memogrid.memo.run",
            memo,
            m -> m.stats().runs(),
            m -> m.stats().runTime().toNanos(),
            TimeUnit.NANOSECONDS)
        .tags("memo", memo.name())
        .register(registry);
  }

  private static void calls(
      MeterRegistry registry, Memo<?, ?> memo, String how, ToDoubleFunction<MemoStats> count) {
    FunctionCounter.builder("memogrid.memo.calls", memo, m -> count.applyAsDouble(m.stats()))
        .tags("memo", memo.name(), "answer", how)
        .register(registry);
  }
}
