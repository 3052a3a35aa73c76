/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import java.util.EnumSet;
import java.util.List;

/** Replays one seed as a message chart: {@code LeaseSimMain SEED [RULE...]}, rules to leave out. */
final class LeaseSimMain {
  private LeaseSimMain() {}

  public static void main(String[] args) {
    if (args.length == 0) {
      System.err.println("usage: SEED [RULE...]: replay the seed, without these rules");
      System.exit(2);
    }
    EnumSet<Rule> off = EnumSet.noneOf(Rule.class);
    for (int i = 1; i < args.length; i++) {
      off.add(Rule.valueOf(args[i]));
    }
    LeaseSim sim = new LeaseSim(Long.parseLong(args[0]), off, true);
    List<String> violations = sim.run();
    System.out.print(sim.chart());
    System.out.println(
        "turns " + sim.turns + ", " + (violations.isEmpty() ? "no violation" : violations));
  }
}
