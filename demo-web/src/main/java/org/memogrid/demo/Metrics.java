/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
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
import org.memogrid.daemon.Daemon;
import org.memogrid.daemon.DaemonStats;
import org.memogrid.job.Job;
import org.memogrid.memo.Memo;
import org.memogrid.memo.MemoStats;
import org.memogrid.pipeline.Pipeline;

/**
 * {@code /metrics} in the text form of Prometheus. Counts are this member's own, but for those of
 * the queue, the job and the pipeline's steps: they are the cluster's, the same on all members, as
 * the {@link Survey} has them. A scrape waits for no member: it shows the last answers, of the
 * scrape before if no page is open, and {@code memogrid_survey_age} says how old they are.
 */
final class Metrics extends Handler.Abstract {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  private final Survey survey;

  Metrics(Cluster cluster, DemoApp app, Survey survey, Cache<?, ?>... more) {
    this.survey = survey;
    registry.config().commonTags("node", cluster.self().name());
    Gauge.builder("memogrid.cluster.members", cluster, c -> c.membership().members().size())
        .description("members in this member's view")
        .register(registry);
    cache(registry, app.counters);
    for (Cache<?, ?> cache : more) {
      cache(registry, cache);
    }
    memo(registry, app.sleepy);
    queue(app.messages.name());
    daemon(cluster, app.counter);
    job(cluster, app.ajob);
    pipeline(app.reverse);
    TimeGauge.builder(
            "memogrid.survey.age",
            () -> fact(f -> (double) f.age().toMillis()),
            TimeUnit.MILLISECONDS)
        .register(registry);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    if (!Request.getPathInContext(request).equals("/metrics")) {
      return false;
    }
    survey.want();
    return Health.write(
        response,
        callback,
        HttpStatus.OK_200,
        "text/plain; version=0.0.4; charset=utf-8",
        registry.scrape());
  }

  private void queue(String queue) {
    gauge("memogrid.queue.messages", f -> f.queue().waiting(), "queue", queue, "state", "waiting");
    gauge("memogrid.queue.messages", f -> f.queue().inFlight(), "queue", queue, "state", "out");
    gauge("memogrid.queue.messages", f -> f.queue().deadLetters(), "queue", queue, "state", "dead");
    counter("memogrid.queue.published", f -> f.queue().published(), "queue", queue);
    counter("memogrid.queue.handled", f -> f.queue().handled(), "queue", queue);
    counter("memogrid.queue.redelivered", f -> f.queue().redelivered(), "queue", queue);
  }

  private void daemon(Cluster cluster, Daemon daemon) {
    Gauge.builder(
            "memogrid.daemon.held", daemon, d -> cluster.self().equals(d.holder()) ? 1.0 : 0.0)
        .description("1 on the member that runs it")
        .tags("daemon", daemon.name())
        .register(registry);
    turns(daemon, "start", DaemonStats::starts);
    turns(daemon, "failure", DaemonStats::failures);
    turns(daemon, "loss", DaemonStats::losses);
  }

  private void turns(Daemon daemon, String what, ToDoubleFunction<DaemonStats> count) {
    FunctionCounter.builder("memogrid.daemon.turns", daemon, d -> count.applyAsDouble(d.stats()))
        .tags("daemon", daemon.name(), "what", what)
        .register(registry);
  }

  private void job(Cluster cluster, Job job) {
    Gauge.builder("memogrid.job.held", job, j -> cluster.self().equals(j.holder()) ? 1.0 : 0.0)
        .description("1 on the member that fires it")
        .tags("job", job.name())
        .register(registry);
    counter("memogrid.job.fired", f -> f.job().fired(), "job", job.name());
    counter("memogrid.job.missed", f -> f.job().missed(), "job", job.name());
  }

  private void pipeline(Pipeline<?, ?> pipeline) {
    String name = pipeline.name();
    Gauge.builder("memogrid.pipeline.under.way", pipeline, Pipeline::underWay)
        .description("values that were submitted on this member and have no end yet")
        .tags("pipeline", name)
        .register(registry);
    List<String> steps = pipeline.steps();
    for (int i = 0; i < steps.size(); i++) {
      int at = i;
      String step = steps.get(i);
      counter(
          "memogrid.pipeline.runs", f -> f.steps().get(at).runs(), "pipeline", name, "step", step);
      counter(
          "memogrid.pipeline.failures",
          f -> f.steps().get(at).failures(),
          "pipeline",
          name,
          "step",
          step);
      gauge(
          "memogrid.pipeline.waiting",
          f -> f.steps().get(at).depth(),
          "pipeline",
          name,
          "step",
          step);
    }
  }

  private void gauge(String name, ToDoubleFunction<Survey.Facts> value, String... tags) {
    Gauge.builder(name, () -> fact(value)).tags(tags).register(registry);
  }

  private void counter(String name, ToDoubleFunction<Survey.Facts> value, String... tags) {
    FunctionCounter.builder(name, this, m -> m.fact(value)).tags(tags).register(registry);
  }

  /** Not a number before the first answers. */
  private double fact(ToDoubleFunction<Survey.Facts> value) {
    Survey.Facts facts = survey.facts();
    return facts == null ? Double.NaN : value.applyAsDouble(facts);
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
