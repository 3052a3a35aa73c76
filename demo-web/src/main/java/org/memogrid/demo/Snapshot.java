/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheStats;
import org.memogrid.cache.FencingToken;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.memogrid.job.Firing;
import org.memogrid.memo.MemoStats;
import org.memogrid.pipeline.StepStats;
import org.memogrid.queue.QueueStats;

/**
 * What the dashboard shows, as JSON: what this node knows itself, and the last answers of the
 * {@link Survey}. Asks nobody, so that a page hears of a lost member though others wait for it.
 */
final class Snapshot implements Supplier<String> {
  private final Cluster cluster;
  private final Arrivals arrivals;
  private final DemoApp app;
  private final Survey survey;
  private final Cache<?, ?> sessions;

  Snapshot(Cluster cluster, Arrivals arrivals, DemoApp app, Survey survey, Cache<?, ?> sessions) {
    this.cluster = cluster;
    this.arrivals = arrivals;
    this.app = app;
    this.survey = survey;
    this.sessions = sessions;
  }

  @Override
  public String get() {
    survey.want();
    Membership now = cluster.membership();
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("self", now.self().name());
    all.put("cluster", cluster.name());
    all.put("members", now.members().stream().map(Member::name).toList());
    all.put("events", arrivals.events());
    all.put("memo", memo());
    all.put("caches", List.of(cache(app.counters), cache(sessions), cache(app.seen.received())));
    all.put("daemon", turn(app.counter.name(), app.counter.holder(), app.counter.token()));
    all.put("job", turn(app.ajob.name(), app.ajob.holder(), app.ajob.token()));
    all.put("steps", app.reverse.steps());
    Survey.Facts facts = survey.facts();
    if (facts != null) {
      all.put("facts", facts(facts));
    }
    return Json.of(all);
  }

  private Map<String, Object> memo() {
    MemoStats stats = app.sleepy.stats();
    Map<Integer, Integer> remembered = new TreeMap<>();
    for (int t = 0; t <= SlowIncrement.LONGEST_SECONDS; t++) {
      int key = t;
      app.sleepy.peek(t).ifPresent(value -> remembered.put(key, value));
    }
    Map<String, Object> memo = new LinkedHashMap<>();
    memo.put("name", app.sleepy.name());
    memo.put("mode", app.sleepy.mode());
    memo.put("runs", stats.runs());
    memo.put("joins", stats.joins());
    memo.put("hits", stats.hits());
    memo.put("failures", stats.failures());
    memo.put("running", SlowIncrement.running());
    memo.put("remembered", remembered);
    return memo;
  }

  private static Map<String, @Nullable Object> turn(
      String name, @Nullable Member holder, @Nullable FencingToken token) {
    Map<String, @Nullable Object> turn = new LinkedHashMap<>();
    turn.put("name", name);
    turn.put("holder", holder == null ? null : holder.name());
    // As text: it is a long, and a number of the page is a double.
    turn.put("token", token == null ? null : Long.toString(token.number()));
    return turn;
  }

  private Map<String, @Nullable Object> facts(Survey.Facts facts) {
    Map<String, @Nullable Object> all = new LinkedHashMap<>();
    all.put("ageMillis", facts.age().toMillis());
    all.put("counters", counters(facts.counters()));
    all.put("sessions", facts.sessions());
    all.put("queue", queue(facts.queue()));
    all.put("received", facts.received());
    Instant next = facts.next();
    all.put(
        "nextInMillis", next == null ? null : next.toEpochMilli() - Instant.now().toEpochMilli());
    all.put("fired", facts.job().fired());
    all.put("missed", facts.job().missed());
    all.put("firings", facts.firings().stream().map(Snapshot::firing).toList());
    all.put("steps", facts.steps().stream().map(Snapshot::step).toList());
    return all;
  }

  /** Each counter with the members that hold it. */
  private List<Map<String, Object>> counters(Map<String, Integer> values) {
    List<Map<String, Object>> counters = new ArrayList<>();
    values.forEach(
        (key, value) ->
            counters.add(
                Map.of(
                    "name",
                    key,
                    "value",
                    value,
                    "owners",
                    app.counters.owners(key).stream().map(Member::name).toList())));
    return counters;
  }

  private static Map<String, Object> queue(QueueStats stats) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("waiting", stats.waiting());
    all.put("inFlight", stats.inFlight());
    all.put("deadLetters", stats.deadLetters());
    all.put("published", stats.published());
    all.put("handled", stats.handled());
    all.put("publishedPerMinute", Math.round(stats.publishedPerSecond() * 60));
    all.put("handledPerMinute", Math.round(stats.handledPerSecond() * 60));
    all.put("dispatcher", stats.dispatcher());
    return all;
  }

  private static Map<String, Object> firing(Firing firing) {
    return Map.of(
        "at",
        time(LocalTime.ofInstant(firing.startedAt(), ZoneId.systemDefault())),
        "node",
        firing.node(),
        "outcome",
        firing.outcome().name().toLowerCase(Locale.ROOT));
  }

  private static Map<String, Object> step(StepStats stats) {
    return Map.of("name", stats.name(), "runs", stats.runs(), "waiting", stats.depth());
  }

  private static Map<String, Object> cache(Cache<?, ?> cache) {
    CacheStats stats = cache.stats();
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("name", cache.name());
    all.put("mode", cache.mode());
    all.put("hits", stats.hits());
    all.put("misses", stats.misses());
    all.put("puts", stats.puts());
    return all;
  }

  private static String time(LocalTime time) {
    return time.truncatedTo(ChronoUnit.SECONDS).format(DateTimeFormatter.ISO_LOCAL_TIME);
  }
}
