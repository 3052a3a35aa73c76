/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Replays a seed as a message chart: {@code PipelineSimMain SEED [RULE LEFT OUT]...}; or tells of
 * each seed of a range that breaks the contract: {@code PipelineSimMain FROM-TO [RULE]...}.
 */
final class PipelineSimMain {
  private PipelineSimMain() {}

  public static void main(String[] args) {
    Set<Rule> off = new TreeSet<>();
    for (int i = 1; i < args.length; i++) {
      off.add(Rule.valueOf(args[i]));
    }
    String[] range = args[0].split("-", 2);
    if (range.length == 1) {
      PipelineSim sim = new PipelineSim(Long.parseLong(args[0]), off, true);
      List<String> violations = sim.run();
      System.out.println(sim.chart());
      System.out.println(sim.scenario + ": " + violations);
      return;
    }
    for (long seed = Long.parseLong(range[0]); seed < Long.parseLong(range[1]); seed++) {
      PipelineSim sim = new PipelineSim(seed, off, false);
      List<String> violations = sim.run();
      if (!violations.isEmpty()) {
        System.out.println(seed + " " + sim.scenario + " " + violations.get(0));
      }
    }
  }
}
