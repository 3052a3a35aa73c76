/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a pipeline is. Immutable. */
final class Definition {
  static final String QUEUES = "pipeline/";

  /** For so long a step's queue knows what came to it. */
  static final Duration DEDUPE = Duration.ofMinutes(1);

  final String name;
  final List<StepDefinition> steps;
  final int maxJumps;
  final int attempts;
  final Duration firstPause;
  final Duration longestPause;
  final Duration keepResults;
  final Duration keepParts;
  final @Nullable Duration deadline;
  private final Map<String, StepDefinition> byName = new LinkedHashMap<>();

  Definition(
      String name,
      List<StepDefinition> steps,
      int maxJumps,
      int attempts,
      Duration firstPause,
      Duration longestPause,
      Duration keepResults,
      Duration keepParts,
      @Nullable Duration deadline) {
    this.name = name;
    this.steps = List.copyOf(steps);
    this.maxJumps = maxJumps;
    this.attempts = attempts;
    this.firstPause = firstPause;
    this.longestPause = longestPause;
    this.keepResults = keepResults;
    this.keepParts = keepParts;
    this.deadline = deadline;
    steps.forEach(step -> byName.put(step.name(), step));
  }

  List<String> names() {
    return List.copyOf(byName.keySet());
  }

  @Nullable StepDefinition step(String step) {
    return byName.get(step);
  }

  /** The step behind; null behind the last. */
  @Nullable StepDefinition next(StepDefinition step) {
    return step.index() + 1 < steps.size() ? steps.get(step.index() + 1) : null;
  }

  /**
   * The join that ends the branch in which a step's messages are; null if they are in none.
   *
   * @param depth of the messages
   */
  @Nullable StepDefinition join(StepDefinition from, int depth) {
    for (StepDefinition step : steps.subList(from.index(), steps.size())) {
      if (step.kind() == StepDefinition.Kind.JOIN && step.depthBefore() == depth) {
        return step;
      }
    }
    return null;
  }

  /**
   * The step of that name.
   *
   * @throws IllegalArgumentException if there is none, or none that can be jumped to from there
   */
  StepDefinition target(StepDefinition from, String name) {
    StepDefinition to = step(name);
    if (to == null) {
      throw new IllegalArgumentException(
          at(from.name()) + " can't jump to '" + name + "': " + has());
    }
    int depth = from.depth();
    if (to.depthBefore() != depth
        || (depth > 0 && !Objects.equals(join(to, depth), join(from, depth)))) {
      throw new IllegalArgumentException(
          at(from.name())
              + " can't jump to '"
              + name
              + "', which is not in the same fan-out: jump within it, or to its join");
    }
    return to;
  }

  /** A pause before a step is tried again, as its queue would make it after so many attempts. */
  Duration pause(int attempts) {
    long most = firstPause.toMillis();
    for (int i = 1; i < attempts && most < longestPause.toMillis(); i++) {
      most *= 2;
    }
    most = Math.min(most, longestPause.toMillis());
    return Duration.ofMillis(ThreadLocalRandom.current().nextLong(most + 1));
  }

  String queue(StepDefinition step) {
    return queue(name, step.name());
  }

  static String queue(String pipeline, String step) {
    return QUEUES + escaped(pipeline) + "/" + step;
  }

  /** What results of a value are known by: ids are unique in one pipeline alone. */
  static String key(String pipeline, String id) {
    return escaped(pipeline) + "/" + id;
  }

  /** Without a slash, so that the first one ends it. */
  private static String escaped(String pipeline) {
    return pipeline.replace("%", "%25").replace("/", "%2F");
  }

  /** The pipeline of a step's queue. */
  static String pipelineOf(String queue) {
    String name = queue.substring(QUEUES.length(), queue.indexOf('/', QUEUES.length()));
    return name.replace("%2F", "/").replace("%25", "%");
  }

  /** The step of a step's queue. */
  static String stepOf(String queue) {
    return queue.substring(queue.indexOf('/', QUEUES.length()) + 1);
  }

  /** What members that have the pipeline must agree on. */
  String signature() {
    return steps()
        + "; maxJumps "
        + maxJumps
        + ", deadline "
        + (deadline == null ? "none" : deadline)
        + ", keepResults "
        + keepResults
        + ", keepParts "
        + keepParts;
  }

  /** For people. */
  String steps() {
    return steps.stream()
        .map(
            step ->
                switch (step.kind()) {
                  case PLAIN -> step.name();
                  case FAN_OUT -> step.name() + " (fan-out)";
                  case JOIN -> step.name() + " (join)";
                })
        .collect(Collectors.joining(", "));
  }

  /** For errors. */
  String at(String step) {
    return "pipeline '" + name + "', step '" + step + "'";
  }

  /** For errors about a step that is not there. */
  String has() {
    return "pipeline '" + name + "' has the steps " + names();
  }
}
