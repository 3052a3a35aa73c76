/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.job.Firing;
import org.memogrid.job.JobStats;
import org.memogrid.pipeline.StepStats;
import org.memogrid.queue.QueueStats;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What other members must be asked for: asked once a second, by a thread of its own, while somebody
 * {@linkplain #want wants} to know. Questions may wait, for a member that is about to be found
 * lost; whoever shows the answers does not wait with them. Thread-safe.
 */
final class Survey implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Survey.class);
  private static final Duration INTEREST = Duration.ofSeconds(3);
  private static final int FIRINGS = 4;

  /**
   * The answers of one round.
   *
   * @param at when it began, as {@link System#nanoTime} counts
   * @param next of the job; null if there is none
   */
  record Facts(
      long at,
      Map<String, Integer> counters,
      Map<String, List<Integer>> received,
      long sessions,
      QueueStats queue,
      List<StepStats> steps,
      JobStats job,
      @Nullable Instant next,
      List<Firing> firings) {
    Duration age() {
      return Duration.ofNanos(System.nanoTime() - at);
    }
  }

  private final DemoApp app;
  private final Cache<?, ?> sessions;
  private final ScheduledExecutorService thread = DemoThreads.one("survey");
  private volatile long wanted = System.nanoTime() - INTEREST.toNanos();
  private volatile @Nullable Facts facts;

  Survey(DemoApp app, Cache<?, ?> sessions) {
    this.app = app;
    this.sessions = sessions;
    var unused = thread.scheduleWithFixedDelay(this::round, 1, 1, TimeUnit.SECONDS);
  }

  /** Has the members asked for the next seconds, at once if nobody wanted to know before. */
  void want() {
    boolean was = isWanted();
    wanted = System.nanoTime();
    if (!was && !thread.isShutdown()) {
      thread.execute(this::round);
    }
  }

  /** The last answers, maybe of long ago; null before the first. */
  @Nullable Facts facts() {
    return facts;
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  private boolean isWanted() {
    return System.nanoTime() - wanted < INTEREST.toNanos();
  }

  private void round() {
    if (isWanted()) {
      try {
        facts = ask();
      } catch (RuntimeException | Error e) { // the next round may do better; this thread goes on
        log.debug("no answers", e);
      }
    }
  }

  private Facts ask() {
    long at = System.nanoTime();
    List<Firing> history = app.ajob.history();
    return new Facts(
        at,
        all(app.counters),
        all(app.seen.received()),
        sessions.size(),
        app.messages.stats(),
        app.reverse.stats(),
        app.ajob.stats(),
        app.ajob.next(),
        history.subList(Math.max(0, history.size() - FIRINGS), history.size()));
  }

  private static <V> Map<String, V> all(Cache<String, V> cache) {
    try (Stream<Map.Entry<String, V>> entries = cache.entries()) {
      return new TreeMap<>(
          entries.collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> b)));
    }
  }
}
