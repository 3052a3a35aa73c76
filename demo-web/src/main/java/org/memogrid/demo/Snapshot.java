/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheStats;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Topology;
import org.memogrid.memo.MemoStats;

/** What the dashboard shows, as JSON. */
final class Snapshot implements Supplier<String> {
  private static final int EVENTS = 8;

  private final Cluster cluster;
  private final DemoApp app;
  private final Cache<?, ?> sessions;
  private final Deque<Map<String, Object>> events = new ConcurrentLinkedDeque<>();

  Snapshot(Cluster cluster, DemoApp app, Cache<?, ?> sessions) {
    this.cluster = cluster;
    this.app = app;
    this.sessions = sessions;
    event(cluster.self().name() + " joined");
    var unused = cluster.onMembership(this::changed);
  }

  @Override
  public String get() {
    Membership now = cluster.membership();
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("self", now.self().name());
    all.put("cluster", cluster.name());
    all.put("members", now.members().stream().map(Member::name).toList());
    all.put("events", events);
    all.put("memo", memo());
    all.put("counters", counters());
    all.put("caches", List.of(cache(app.counters), cache(sessions)));
    all.put("sessions", sessions.size());
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

  /** Each counter with the members that hold it. */
  private List<Map<String, Object>> counters() {
    Topology topology =
        cluster
            .unwrap(Node.class)
            .store(app.counters.name(), CacheOptions.of(Mode.DISTRIBUTED))
            .topology();
    List<Map<String, Object>> counters = new ArrayList<>();
    try (Stream<? extends Map.Entry<String, Integer>> entries = app.counters.entries()) {
      entries
          .sorted(Comparator.comparing(Map.Entry::getKey))
          .forEach(
              entry -> {
                Map<String, Object> counter = new LinkedHashMap<>();
                counter.put("name", entry.getKey());
                counter.put("value", entry.getValue());
                counter.put(
                    "owners", topology.owners(entry.getKey()).stream().map(Member::name).toList());
                counters.add(counter);
              });
    }
    return counters;
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

  private void changed(Membership before, Membership now) {
    now.members().stream()
        .filter(member -> !before.members().contains(member))
        .forEach(member -> event(member.name() + " joined"));
    before.members().stream()
        .filter(member -> !now.members().contains(member))
        .forEach(member -> event(member.name() + " left"));
  }

  private void event(String what) {
    events.addFirst(
        Map.of(
            "at",
            LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS).toString(),
            "what",
            what));
    while (events.size() > EVENTS) {
      events.removeLast();
    }
  }
}
