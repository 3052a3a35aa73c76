/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

import java.util.EnumSet;
import java.util.List;

/** Replays one seed as a chart: {@code RecoverySimMain SEED [RULE...]}, rules to leave out. */
final class RecoverySimMain {
  private RecoverySimMain() {}

  public static void main(String[] args) {
    if (args.length == 0) {
      System.err.println("usage: SEED [RULE...]: replay the seed, without these rules");
      System.exit(2);
    }
    EnumSet<Rule> off = EnumSet.noneOf(Rule.class);
    for (int i = 1; i < args.length; i++) {
      off.add(Rule.valueOf(args[i]));
    }
    RecoverySim sim = new RecoverySim(Long.parseLong(args[0]), off, true);
    List<String> violations = sim.run();
    System.out.print(sim.chart());
    System.out.println(violations.isEmpty() ? "no violation" : violations);
  }
}
