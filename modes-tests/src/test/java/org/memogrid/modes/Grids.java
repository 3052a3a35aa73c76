/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.memogrid.cache.Mode;

/** The grids that the contract runs on, each started once and used by all tests. */
final class Grids implements AutoCloseable {
  private final Map<String, Grid> started = new LinkedHashMap<>();

  /**
   * Every place, node count and mode; with {@code -Dmemogrid.test.setups=REGEX} those whose name
   * has a match: {@code "DISTRIBUTED on 2 in one JVM"}.
   */
  static Stream<Setup> setups() {
    List<Setup> setups = new ArrayList<>();
    for (Place place : Place.values()) {
      for (int nodes = 1; nodes <= 3; nodes++) {
        for (Mode mode : Mode.values()) {
          setups.add(new Setup(place, nodes, mode));
        }
      }
    }
    Pattern chosen = Pattern.compile(System.getProperty("memogrid.test.setups", ""));
    return setups.stream().filter(setup -> chosen.matcher(setup.toString()).find());
  }

  Grid of(Setup setup) {
    Supplier<Grid> starter =
        () ->
            setup.place == Place.ONE_JVM
                ? Grid.inOneJvm(setup.nodes)
                : Grid.inProcesses(setup.nodes);
    return started.computeIfAbsent(setup.place + "-" + setup.nodes, key -> starter.get());
  }

  @Override
  public void close() {
    started.values().forEach(Grid::close);
    started.clear();
  }

  /** Where nodes run. */
  enum Place {
    ONE_JVM,
    PROCESSES
  }

  /** Where, how many, and which mode. */
  record Setup(Place place, int nodes, Mode mode) {
    @Override
    public String toString() {
      return mode + " on " + nodes + (place == Place.ONE_JVM ? " in one JVM" : " JVMs");
    }
  }
}
