/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A bar chart for each benchmark, as SVG: a bar for each system, ours in a colour of its own. */
final class Plots {
  private static final int LABEL = 330;
  private static final int BARS = 360;
  private static final int WIDTH = LABEL + BARS + 110;
  private static final int LINE = 24;
  private static final int HEAD = 40;

  private Plots() {}

  /** Writes one file for each benchmark of the rows, named after it. */
  static void write(Path folder, List<Row> rows) throws IOException {
    Map<String, Map<String, Row>> charts = new LinkedHashMap<>();
    for (Row row : rows) {
      // A system has a second row where it is compared with two others: one bar.
      charts.computeIfAbsent(title(row), t -> new LinkedHashMap<>()).putIfAbsent(label(row), row);
    }
    Files.createDirectories(folder);
    for (Map.Entry<String, Map<String, Row>> chart : charts.entrySet()) {
      String name = chart.getKey().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
      Files.writeString(
          folder.resolve(name.replaceAll("^-|-$", "") + ".svg"),
          svg(chart.getKey(), new ArrayList<>(chart.getValue().values())));
    }
  }

  private static String title(Row row) {
    String threads = row.threads() == 1 ? "" : ", " + row.threads() + " threads";
    return row.benchmark() + threads + " (" + row.unit() + ")";
  }

  private static String label(Row row) {
    return (row.system() + " " + row.mode()).strip();
  }

  private static String svg(String title, List<Row> rows) {
    double most = rows.stream().mapToDouble(Row::value).filter(Double::isFinite).max().orElse(1);
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
                + " font-family=\"sans-serif\" font-size=\"13\">%n"
                + "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n"
                + "<text x=\"10\" y=\"24\" font-weight=\"bold\">%s</text>%n",
            WIDTH,
            HEAD + LINE * rows.size() + 10,
            escaped(title)));
    for (int i = 0; i < rows.size(); i++) {
      svg.append(bar(rows.get(i), HEAD + LINE * i, most));
    }
    return svg.append("</svg>\n").toString();
  }

  private static String bar(Row row, int top, double most) {
    double value = Double.isFinite(row.value()) ? row.value() : 0;
    double length = most > 0 ? BARS * value / most : 0;
    boolean ours = row.system().toLowerCase(Locale.ROOT).matches("(memo|daemon|pipeline|job).*");
    return String.format(
        Locale.ROOT,
        "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>%n"
            + "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"16\" fill=\"%s\"/>%n"
            + "<text x=\"%.1f\" y=\"%d\">%s</text>%n",
        LABEL - 8,
        top + 13,
        escaped(label(row)),
        LABEL,
        top,
        length,
        ours ? "#1f6f8b" : "#b0b7bd",
        LABEL + length + 6,
        top + 13,
        String.format(Locale.ROOT, value < 100 ? "%.1f" : "%,.0f", value));
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;");
  }
}
