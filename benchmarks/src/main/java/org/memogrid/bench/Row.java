/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * One figure.
 *
 * @param ratio to the value of the system {@code ratioTo} in the same benchmark, with as many
 *     threads, in the same run
 */
record Row(
    String benchmark,
    String system,
    String mode,
    int threads,
    double value,
    String unit,
    double ratio,
    String ratioTo) {

  static String json(List<Row> rows) {
    return rows.stream().map(Row::json).collect(Collectors.joining(",\n  ", "[\n  ", "\n]\n"));
  }

  private String json() {
    return String.format(
        Locale.ROOT,
        "{\"benchmark\": \"%s\", \"system\": \"%s\", \"mode\": \"%s\", \"threads\": %d, \"value\":"
            + " %.3f, \"unit\": \"%s\", \"ratio\": %.3f, \"ratioTo\": \"%s\"}",
        benchmark,
        system,
        mode,
        threads,
        value,
        unit,
        ratio,
        ratioTo);
  }

  static String markdown(List<Row> rows) {
    StringBuilder table =
        new StringBuilder(
            """
            | benchmark | system | mode | threads | value | ratio | to |
            |---|---|---|---|---|---|---|
            """);
    for (Row row : rows) {
      table.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %d | %.1f %s | %.2f | %s |%n",
              row.benchmark,
              row.system,
              row.mode,
              row.threads,
              row.value,
              row.unit,
              row.ratio,
              row.ratioTo));
    }
    return table.toString();
  }
}
