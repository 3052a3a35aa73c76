/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import static java.util.Map.entry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.runner.RunnerException;

/** Runs one benchmark or all, and writes what came of it: {@code bin/bench --help}. */
public final class Bench {
  /** One benchmark. */
  interface Suite {
    List<Row> run(boolean quick) throws RunnerException;
  }

  private static final Map<String, Suite> SUITES =
      new TreeMap<>(
          Map.ofEntries(
              entry("daemon", DaemonBench::run),
              entry("failover", FailoverBench::run),
              entry("heap", new EntryHeap()),
              entry("jobs", new Jobs()),
              entry("memo", MemoPeers::run),
              entry("persist", new PersistBench()),
              entry("persist-shared", new SharedPersistBench()),
              entry("pipeline", new PipelineBench()),
              entry("puts", new Puts()),
              entry("queue", QueueBench::run),
              entry("queue-delay", QueueBench::runDelays),
              entry("queue-durable", QueueBench::runDurable),
              entry("queue-kills", QueueBench::runKills),
              entry("reads", new Reads()),
              entry("remote", RemoteBench::run),
              entry("start", StartBench::run),
              entry("topic-durable", QueueBench::runTopics),
              entry("turns", new Interleaved())));

  private Bench() {}

  public static void main(String[] args) throws RunnerException, IOException {
    String name = null;
    Path json = null;
    Path plots = null;
    boolean quick = false;
    for (int i = 0; i < args.length; i++) {
      if (args[i].equals("--quick")) {
        quick = true;
      } else if (args[i].equals("--json") && i + 1 < args.length) {
        json = Path.of(args[++i]);
      } else if (args[i].equals("--plots") && i + 1 < args.length) {
        plots = Path.of(args[++i]);
      } else if (name == null && SUITES.containsKey(args[i])) {
        name = args[i];
      } else {
        boolean asked = args[i].equals("--help");
        System.err.print((asked ? "" : "not understood: " + args[i] + "\n") + usage());
        System.exit(asked ? 0 : 2);
      }
    }
    List<Row> rows = run(name, quick);
    System.out.println(Row.markdown(rows));
    if (json != null) {
      Files.writeString(json, Row.json(rows));
    }
    if (plots != null) {
      Plots.write(plots, rows);
    }
  }

  private static String usage() {
    return "bench [NAME] [--quick] [--json FILE] [--plots FOLDER]\n"
        + "  NAME     one of "
        + SUITES.keySet()
        + "; all of them if left out\n"
        + "  --quick  one JVM each and few systems: to see that it runs, not to be quoted\n"
        + "  --json   writes the rows there as well\n"
        + "  --plots  writes a bar chart (SVG) for each benchmark into that folder\n";
  }

  private static List<Row> run(@Nullable String name, boolean quick) throws RunnerException {
    List<Row> rows = new ArrayList<>();
    for (Map.Entry<String, Suite> suite : SUITES.entrySet()) {
      if (name == null || name.equals(suite.getKey())) {
        rows.addAll(suite.getValue().run(quick));
      }
    }
    return rows;
  }
}
