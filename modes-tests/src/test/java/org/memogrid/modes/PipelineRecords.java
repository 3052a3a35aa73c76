/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArraySet;
import org.memogrid.testkit.NodeProcess;

/**
 * What became of the values of a pipeline, and whether that is what a pipeline may do: each value
 * whose caller lives is answered; each that began on another member than a caller's that was killed
 * has an end; and that is the same for its caller and on every node that is asked. No two runs give
 * the same. Thread-safe.
 */
final class PipelineRecords {
  private final Map<String, Sent> submitted = new ConcurrentHashMap<>();
  private final Map<String, Set<String>> begun = new ConcurrentHashMap<>();
  private final Map<String, String> ends = new ConcurrentHashMap<>();
  private final Map<String, Map<String, String>> found = new ConcurrentHashMap<>();
  private final Set<String> killed = new CopyOnWriteArraySet<>();
  private final Set<String> suspected = new CopyOnWriteArraySet<>();
  private final Set<String> gone = new TreeSet<>();

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
        "begun",
        sent -> {
          // Its caller may be killed before it says that it has submitted it.
          Sent its = (Sent) sent;
          submitted.put(its.value(), its);
          begun
              .computeIfAbsent(its.value(), value -> ConcurrentHashMap.newKeySet())
              .add(node.name());
        });
    node.onEvent(
        "ended",
        told -> {
          End end = (End) told;
          ends.put(end.value(), end.end());
        });
  }

  void killed(NodeProcess node) {
    killed.add(node.name());
  }

  /** Others decide in its place while it does not know. */
  void suspected(NodeProcess node) {
    suspected.add(node.name());
  }

  /** What a node that lives says of the values. */
  void found(NodeProcess node, Collection<End> all) {
    all.forEach(
        end ->
            found
                .computeIfAbsent(end.value(), value -> new ConcurrentHashMap<>())
                .put(node.name(), end.end()));
  }

  /** How many values have an end whose callers were killed before they were answered. */
  long orphans() {
    return begun.keySet().stream()
        .filter(id -> killed.contains(origin(id)) && !ends.containsKey(id) && !gone.contains(id))
        .count();
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

  /**
   * Whether nobody but its killed caller's member had it: a dispatcher begins what it was given by
   * its own callers before another member has a copy, and confirms it after.
   */
  private boolean isGoneWithItsCaller(String id, Map<String, String> elsewhere) {
    return killed.contains(origin(id))
        && begunOn(id).equals(Set.of(origin(id)))
        && !elsewhere.isEmpty()
        && elsewhere.values().stream().allMatch(end -> end.contains("has no result of value"));
  }

  private Set<String> begunOn(String id) {
    return begun.getOrDefault(id, Set.of());
  }

  private static String origin(String id) {
    return id.substring(0, id.indexOf('-'));
  }

  void check() {
    assertThat(submitted).isNotEmpty();
    List<String> wrong = new ArrayList<>();
    for (String id : submitted.keySet()) {
      String told = ends.get(id);
      if (told == null && !killed.contains(origin(id))) {
        wrong.add(id + " was never answered");
      }
      Map<String, String> elsewhere = found.getOrDefault(id, Map.of());
      if (told == null && begunOn(id).isEmpty()) {
        continue; // whether it was taken in nobody knows
      }
      if (told == null && isGoneWithItsCaller(id, elsewhere)) {
        gone.add(id);
        continue;
      }
      Set<String> texts = new TreeSet<>(elsewhere.values());
      if (told != null) {
        texts.add(told);
      }
      boolean doubtful = suspected.contains(origin(id));
      if (texts.size() != 1 && !doubtful) {
        wrong.add(
            id
                + " begun on "
                + begunOn(id)
                + " ended with '"
                + told
                + "' for its caller, and elsewhere "
                + elsewhere);
      }
      if (elsewhere.isEmpty() || !texts.stream().allMatch(end -> end.startsWith(id + " a b by "))) {
        wrong.add(
            id
                + " begun on "
                + begunOn(id)
                + " has no end, or a wrong one: "
                + told
                + ", elsewhere "
                + elsewhere);
      }
    }
    assertThat(wrong).isEmpty();
  }

  String summary() {
    return submitted.size()
        + " values, "
        + begun.size()
        + " begun, "
        + ends.size()
        + " answers; "
        + orphans()
        + " begun values whose callers were killed have one end that all nodes find; begun on their"
        + " callers' members alone, and gone with them: "
        + gone;
  }
}
