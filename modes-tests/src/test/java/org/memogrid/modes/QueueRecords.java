/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.atomic.AtomicInteger;
import org.memogrid.testkit.NodeProcess;

/**
 * What the nodes of a test did with a queue, and whether that is what a queue may do: a total-queue
 * checker, one of ordering keys, of attempts and of concurrency. Thread-safe.
 */
final class QueueRecords {
  private final Set<Integer> sent = ConcurrentHashMap.newKeySet();
  private final Set<Integer> acknowledged = ConcurrentHashMap.newKeySet();
  private final ConcurrentSkipListMap<Integer, String> handled = new ConcurrentSkipListMap<>();
  private final Map<String, List<Handling>> handlings = new ConcurrentHashMap<>();
  private final AtomicInteger duplicates = new AtomicInteger();
  private final Set<String> unreliable = new CopyOnWriteArraySet<>();
  private final Set<Integer> dead = ConcurrentHashMap.newKeySet();
  private final AtomicInteger kills = new AtomicInteger();
  private final AtomicInteger failures = new AtomicInteger();

  /**
   * A message handled, from its handler's begin to its end, by a clock that all JVMs share.
   *
   * @param limit how many its listener may have at a time
   */
  record Handling(int number, String key, int attempt, int limit, long began, long ended)
      implements Serializable {}

  void follow(NodeProcess node) {
    node.onEvent("sent", n -> sent.add((Integer) n));
    node.onEvent("acknowledged", n -> acknowledged.add((Integer) n));
    node.onEvent("handled", h -> handled(node, (Handling) h));
    node.onEvent(
        "failed",
        h -> {
          failures.incrementAndGet();
          remember(node, (Handling) h);
        });
  }

  private void handled(NodeProcess node, Handling handling) {
    if (handled.put(handling.number(), node.name()) != null) {
      duplicates.incrementAndGet();
    }
    remember(node, handling);
  }

  private void remember(NodeProcess node, Handling handling) {
    List<Handling> its = handlings.computeIfAbsent(node.name(), n -> new ArrayList<>());
    synchronized (its) {
      its.add(handling);
    }
  }

  /** What it was doing may be done again at the same time. */
  void suspected(NodeProcess node) {
    unreliable.add(node.name());
  }

  void killed(NodeProcess node) {
    kills.incrementAndGet();
  }

  void dead(Collection<Integer> numbers) {
    dead.addAll(numbers);
  }

  int acknowledged() {
    return acknowledged.size();
  }

  Set<Integer> deadLetters() {
    return dead;
  }

  /** Who handled each number last. */
  NavigableMap<Integer, String> handled() {
    return handled;
  }

  int duplicates() {
    return duplicates.get();
  }

  int failures() {
    return failures.get();
  }

  /** That the attempts at each message count up from one, if nobody was lost. */
  void checkAttempts() {
    Map<Integer, List<Handling>> byNumber = new TreeMap<>();
    handlings
        .values()
        .forEach(
            its ->
                its.forEach(
                    h -> byNumber.computeIfAbsent(h.number(), n -> new ArrayList<>()).add(h)));
    byNumber.forEach(
        (number, all) -> {
          all.sort(Comparator.comparingLong(Handling::began));
          for (int i = 0; i < all.size(); i++) {
            assertThat(all.get(i).attempt()).as("attempts at %s: %s", number, all).isEqualTo(i + 1);
          }
        });
  }

  void clear() {
    sent.clear();
    acknowledged.clear();
    handled.clear();
    handlings.clear();
    duplicates.set(0);
    dead.clear();
  }

  String summary() {
    return kills
        + " kills, "
        + sent.size()
        + " sent, "
        + acknowledged.size()
        + " acknowledged, "
        + handled.size()
        + " handled, "
        + duplicates
        + " handled again, "
        + failures
        + " failures, "
        + dead.size()
        + " dead letters";
  }

  void check() {
    Set<Integer> lost = new HashSet<>(acknowledged);
    lost.removeAll(handled.keySet());
    lost.removeAll(dead);
    assertThat(lost).as("acknowledged and lost; " + summary()).isEmpty();
    Set<Integer> unexpected = new HashSet<>(handled.keySet());
    unexpected.removeAll(sent);
    unexpected.removeIf(n -> n < 0);
    assertThat(unexpected).as("handled, and never sent").isEmpty();
    assertThat(acknowledged.size()).as("a test that tests something").isGreaterThan(100);
    handlings.values().forEach(QueueRecords::checkNode);
    if (unreliable.isEmpty()) {
      checkKeys();
    }
  }

  private static void checkNode(List<Handling> its) {
    List<Handling> all = copy(its);
    assertThat(all).allSatisfy(h -> assertThat(h.attempt()).isBetween(1, 10));
    for (Handling one : all) {
      assertThat(atATime(one, all))
          .as("messages of a listener at a time")
          .isLessThanOrEqualTo(one.limit());
    }
  }

  private static List<Handling> copy(List<Handling> its) {
    synchronized (its) {
      return new ArrayList<>(its);
    }
  }

  private static long atATime(Handling one, List<Handling> all) {
    return all.stream()
        .filter(h -> h.limit() == one.limit())
        .filter(h -> h.began() <= one.began() && one.began() < h.ended())
        .count();
  }

  /** The most messages that a listener had at a time. */
  long fullest() {
    return handlings.values().stream()
        .map(QueueRecords::copy)
        .flatMapToLong(all -> all.stream().mapToLong(one -> atATime(one, all)))
        .max()
        .orElse(0);
  }

  /** Of one key, one at a time, and in the order of their one producer. */
  private void checkKeys() {
    Map<String, List<Handling>> byKey = new TreeMap<>();
    handlings
        .values()
        .forEach(
            its ->
                its.stream()
                    .filter(h -> !h.key().equals("null"))
                    .forEach(h -> byKey.computeIfAbsent(h.key(), k -> new ArrayList<>()).add(h)));
    byKey.forEach(
        (key, all) -> {
          all.sort(Comparator.comparingLong(Handling::began));
          for (int i = 1; i < all.size(); i++) {
            Handling before = all.get(i - 1);
            Handling next = all.get(i);
            assertThat(next.began())
                .as("%s and %s of key %s overlap", before, next, key)
                .isGreaterThanOrEqualTo(before.ended());
            assertThat(next.number())
                .as("%s and %s of key %s are out of order", before, next, key)
                .isGreaterThanOrEqualTo(before.number());
          }
        });
  }
}
