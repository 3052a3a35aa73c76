/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** A pipeline as text, a line per step. */
final class Picture {
  private Picture() {}

  static String of(Definition definition, int members, List<StepStats> stats, int underWay) {
    StringBuilder picture = new StringBuilder();
    picture
        .append("pipeline ")
        .append(definition.name)
        .append(" on ")
        .append(members)
        .append(members == 1 ? " member, " : " members, ")
        .append(underWay)
        .append(" from here under way\n");
    int widest = definition.names().stream().mapToInt(String::length).max().orElse(1);
    for (int i = 0; i < stats.size(); i++) {
      StepDefinition step = definition.steps.get(i);
      String indent = "  ".repeat(step.depth());
      if (i > 0) {
        picture.append("  ").append(indent).append("|\n");
      }
      String mark =
          switch (step.kind()) {
            case PLAIN -> "[ ";
            case FAN_OUT -> "[<";
            case JOIN -> "[>";
          };
      picture
          .append("  ")
          .append(indent)
          .append(mark)
          .append(String.format("%-" + widest + "s ]", step.name()))
          .append(line(step, stats.get(i)))
          .append('\n');
    }
    return picture.toString();
  }

  private static String line(StepDefinition step, StepStats its) {
    return String.format(
        Locale.ROOT,
        "  %8.1f/s  x%d  depth %d + %d  %s, 99%% %s  failed %d of %d%s",
        its.perSecond(),
        step.concurrency(),
        its.depth(),
        its.inFlight(),
        time(its.median()),
        time(its.slow()),
        its.failures(),
        its.runs(),
        its.deadLetters() == 0 ? "" : "  dead " + its.deadLetters());
  }

  private static String time(Duration duration) {
    double millis = duration.toNanos() / 1e6;
    return String.format(Locale.ROOT, millis < 10 ? "%.2f ms" : "%.0f ms", millis);
  }
}
