/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.pipeline.StepContext;

/** What the nodes saw, each for itself, shared so that the dashboard of any of them can show it. */
final class Sightings implements AutoCloseable {
  private static final int LATELY = 8;

  private final String self;
  private final Cache<String, List<Integer>> received;
  private final Cache<String, String> steps;

  Sightings(Cluster cluster) {
    self = cluster.self().name();
    received = cluster.cache("received", Mode.REPLICATED);
    steps =
        cluster.cache("steps", CacheOptions.of(Mode.REPLICATED).timeToLive(Duration.ofMinutes(1)));
  }

  /** This node got that number from the queue. */
  void received(int number) {
    received.update(self, last -> lately(last, number));
  }

  private static List<Integer> lately(@Nullable List<Integer> last, int number) {
    List<Integer> all = last == null ? new ArrayList<>() : new ArrayList<>(last);
    all.add(number);
    return new ArrayList<>(all.subList(Math.max(0, all.size() - LATELY), all.size()));
  }

  /** The last numbers of each node, by its name. */
  Cache<String, List<Integer>> received() {
    return received;
  }

  /** This node runs that step, on that value, which it gives back. */
  <T> T step(StepContext step, T value) {
    steps.put(key(step.currentStep(), step.id()), self);
    return value;
  }

  /** Which node ran each step on the value of that id; a step that nobody remembers is left out. */
  Map<String, String> nodes(List<String> names, String id) {
    Map<String, String> nodes = new LinkedHashMap<>();
    for (String name : names) {
      String node = steps.get(key(name, id));
      if (node != null) {
        nodes.put(name, node);
      }
    }
    return nodes;
  }

  private static String key(String step, String id) {
    return step + " of " + id;
  }

  @Override
  public void close() {
    received.close();
    steps.close();
  }
}
