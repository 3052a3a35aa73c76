/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CopyOnWriteArraySet;
import org.memogrid.testkit.NodeProcess;

/**
 * What became of the values of a pipeline, and whether that is what a pipeline may do: each value
 * whose caller lives is answered, once, with what others are told as well. Thread-safe.
 */
final class PipelineRecords {
  private final Map<String, Sent> submitted = new ConcurrentHashMap<>();
  private final Map<String, List<String>> ends = new ConcurrentHashMap<>();
  private final Map<String, String> found = new ConcurrentHashMap<>();
  private final Set<String> killed = new CopyOnWriteArraySet<>();
  private final Set<String> suspected = new CopyOnWriteArraySet<>();

  /** A value, named after the node that submitted it. */
  record Sent(String value, String id) implements Serializable {}

  /** What somebody was told. */
  record End(String value, String end) implements Serializable {}

  void follow(NodeProcess node) {
    node.onEvent(
        "submitted",
        sent -> {
          Sent its = (Sent) sent;
          submitted.put(its.value(), its);
        });
    node.onEvent(
        "ended",
        told -> {
          End end = (End) told;
          ends.computeIfAbsent(end.value(), i -> new CopyOnWriteArrayList<>()).add(end.end());
        });
  }

  void killed(NodeProcess node) {
    killed.add(node.name());
  }

  /** Others decide in its place while it does not know. */
  void suspected(NodeProcess node) {
    suspected.add(node.name());
  }

  void found(Collection<End> all) {
    all.forEach(end -> found.put(end.value(), end.end()));
  }

  Collection<Sent> sent() {
    return submitted.values();
  }

  int ends() {
    return ends.size();
  }

  long endsOf(NodeProcess node) {
    return ends.keySet().stream().filter(id -> node.name().equals(origin(id))).count();
  }

  private static String origin(String id) {
    return id.substring(0, id.indexOf('-'));
  }

  void check() {
    assertThat(submitted).isNotEmpty();
    List<String> wrong = new ArrayList<>();
    for (String id : submitted.keySet()) {
      List<String> told = ends.getOrDefault(id, List.of());
      String end = String.valueOf(found.get(id));
      boolean lives = !killed.contains(origin(id));
      if (told.size() > 1) {
        wrong.add(id + " was answered " + told.size() + " times: " + told);
      } else if (told.isEmpty() && lives) {
        wrong.add(id + " was never answered");
      } else if (!told.isEmpty() && !suspected.contains(origin(id)) && !told.get(0).equals(end)) {
        wrong.add(id + " ended with '" + told.get(0) + "' for its caller, with '" + end + "' here");
      }
      if (!told.isEmpty() && !told.get(0).startsWith(id + " a b by ")) {
        wrong.add(id + " ended with " + told.get(0));
      }
    }
    assertThat(wrong).isEmpty();
  }

  String summary() {
    long orphans = submitted.keySet().stream().filter(id -> !ends.containsKey(id)).count();
    long foundOrphans =
        submitted.keySet().stream()
            .filter(id -> !ends.containsKey(id))
            .filter(id -> String.valueOf(found.get(id)).startsWith(id))
            .count();
    return submitted.size()
        + " values, "
        + ends.size()
        + " answers; of the "
        + orphans
        + " whose callers were killed "
        + foundOrphans
        + " have an end that others find";
  }
}
