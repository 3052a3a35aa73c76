/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What this process has cost so far, in words. */
final class Footprint {
  private static final Path STATUS = Path.of("/proc/self/status");

  private Footprint() {}

  static String now() {
    long millis = System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime();
    String started = "%.1f s after the JVM's start".formatted(millis / 1000.0);
    Long kilobytes = residentKilobytes();
    return kilobytes == null ? started : started + ", %d MB resident".formatted(kilobytes / 1024);
  }

  /** Null where the system doesn't say. */
  private static @Nullable Long residentKilobytes() {
    try {
      List<String> lines = Files.readAllLines(STATUS);
      return lines.stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .map(line -> Long.valueOf(line.replaceAll("\\D", "")))
          .findFirst()
          .orElse(null);
    } catch (IOException e) {
      return null;
    }
  }
}
