/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/**
 * Replays a seed as a message chart: {@code QueueSimMain SEED [RULE LEFT OUT]...}; or tells of each
 * seed of a range that breaks the contract: {@code QueueSimMain FROM-TO [RULE LEFT OUT]...}. With
 * {@code durable} before all of that the queue is.
 */
final class QueueSimMain {
  private QueueSimMain() {}

  public static void main(String[] args) {
    Set<Rule> off = new TreeSet<>();
    boolean durable = args[0].equals("durable");
    if (durable) {
      args = Arrays.copyOfRange(args, 1, args.length);
    }
    for (int i = 1; i < args.length; i++) {
      off.add(Rule.valueOf(args[i]));
    }
    String[] range = args[0].split("-", 2);
    if (range.length == 1) {
      QueueSim sim = new QueueSim(Long.parseLong(args[0]), off, true, durable);
      var violations = sim.run();
      System.out.println(sim.chart());
      System.out.println(sim.scenario + ": " + violations);
      return;
    }
    for (long seed = Long.parseLong(range[0]); seed < Long.parseLong(range[1]); seed++) {
      QueueSim sim = new QueueSim(seed, off, false, durable);
      var violations = sim.run();
      if (!violations.isEmpty()) {
        System.out.println(seed + " " + violations.get(0));
      }
    }
  }
}
