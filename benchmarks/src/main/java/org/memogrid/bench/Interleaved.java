/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a hit costs beside Caffeine's in the same JVM: batches of both in turns, in processor time
 * of the reading thread, the lower quartile of each. For machines that others use too, where a hot
 * loop's wall time says little. One JVM for each system.
 */
final class Interleaved implements Bench.Suite {
  private static final String BASE = "Caffeine";
  private static final String BASE_WITH_LIFE = "Caffeine expireAfterWrite";
  private static final int BATCH = 100_000;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /** Keeps the compiler from leaving the reads out. */
  private static int seen;

  @Override
  public List<Row> run(boolean quick) {
    List<Row> rows = new ArrayList<>();
    for (String system : Reads.systems(quick)) {
      if (!system.startsWith(BASE)) {
        rows.add(measured(system, quick ? 100 : 300));
      }
    }
    return rows;
  }

  private static Row measured(String system, int batches) {
    try {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC", "-Djava.net.preferIPv4Stack=true"));
      command.addAll(Child.OPEN);
      command.addAll(Child.QUIET);
      command.addAll(List.of("-cp", System.getProperty("java.class.path")));
      command.addAll(List.of(Interleaved.class.getName(), system, Integer.toString(batches)));
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      try (BufferedReader out =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        String line = out.readLine();
        if (line == null) {
          throw new IllegalStateException(system + " was not measured: see above");
        }
        String[] values = line.split(" ", -1);
        double base = Double.parseDouble(values[0]);
        double value = Double.parseDouble(values[1]);
        String[] parts = system.split(":", 2);
        Row row =
            new Row(
                "hit, in turns",
                parts[0],
                parts[1],
                1,
                value,
                "ns cpu",
                value / base,
                base(system));
        System.err.println(row);
        return row;
      } finally {
        process.destroy();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String base(String system) {
    return system.contains("timeToLive") ? BASE_WITH_LIFE : BASE;
  }

  public static void main(String[] args) throws IOException {
    String[] parts = args[0].split(":", 2);
    int batches = Integer.parseInt(args[1]);
    Integer[] keys = new Integer[Readers.KEYS];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = i;
    }
    try (Reader base = Readers.of(base(args[0]), "LOCAL");
        Reader system = Readers.of(parts[0], parts[1])) {
      for (int i = 0; i < 2 * batches; i++) { // warm
        var unused = nanos(base, keys) + nanos(system, keys);
      }
      double[] bases = new double[batches];
      double[] values = new double[batches];
      for (int i = 0; i < batches; i++) {
        bases[i] = nanos(base, keys);
        values[i] = nanos(system, keys);
      }
      System.out.println(quartile(bases) + " " + quartile(values));
    }
    if (seen == 1) {
      System.err.println(seen);
    }
    System.exit(0);
  }

  private static double nanos(Reader reader, Integer[] keys) {
    long begun = THREADS.getCurrentThreadCpuTime();
    int found = 0;
    for (int i = 0, key = 0; i < BATCH; i++) {
      found += reader.get(keys[key]) == null ? 1 : 0;
      key = key + 1 < keys.length ? key + 1 : 0;
    }
    double each = (double) (THREADS.getCurrentThreadCpuTime() - begun) / BATCH;
    if (found > BATCH / 10 && seen++ > 100) {
      throw new IllegalStateException("entries are missing");
    }
    seen += found;
    return each;
  }

  private static double quartile(double[] values) {
    Arrays.sort(values);
    return values[values.length / 4];
  }
}
