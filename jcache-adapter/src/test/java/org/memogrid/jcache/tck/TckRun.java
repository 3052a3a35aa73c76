/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache.tck;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What came of one run of the JSR's tests, written by {@link TckRecorder} in the JVM that ran them
 * and read by {@link TckProofTest} afterwards.
 *
 * @param build the build that ran them, so that an older run proves nothing
 * @param tests how many ended
 * @param failed the tests that failed, by class and name
 * @param excluded the tests that the harness left out and counts as passed
 * @param secondsCaches caches that the second member had open at some time
 * @param secondsEntries entries that the second member held at some time
 * @param secondsPrimary those among them of which it was the primary owner
 */
record TckRun(
    String build,
    int tests,
    TreeSet<String> failed,
    TreeSet<String> excluded,
    long secondsCaches,
    long secondsEntries,
    long secondsPrimary) {
  /** The mode that the tests run in; null in other JVMs. */
  static @Nullable String mode() {
    return System.getProperty("tck.mode");
  }

  static String build(String otherwise) {
    return System.getProperty("tck.build", otherwise);
  }

  private static Path file(String mode) {
    return Path.of("target", "tck-" + mode + ".properties");
  }

  void write(String mode) {
    Properties lines = new Properties();
    lines.setProperty("build", build);
    lines.setProperty("tests", Integer.toString(tests));
    lines.setProperty("failed", String.join("\n", failed));
    lines.setProperty("excluded", String.join("\n", excluded));
    lines.setProperty("secondsCaches", Long.toString(secondsCaches));
    lines.setProperty("secondsEntries", Long.toString(secondsEntries));
    lines.setProperty("secondsPrimary", Long.toString(secondsPrimary));
    Path file = file(mode);
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      try (Writer out = Files.newBufferedWriter(file)) {
        lines.store(out, "The JSR's tests in mode " + mode);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * @throws AssertionError if there was no such run
   */
  static TckRun read(String mode) {
    Properties lines = new Properties();
    try (Reader in = Files.newBufferedReader(file(mode))) {
      lines.load(in);
    } catch (IOException e) {
      throw new AssertionError("the JSR's tests did not run in mode " + mode, e);
    }
    return new TckRun(
        lines.getProperty("build"),
        Integer.parseInt(lines.getProperty("tests")),
        names(lines.getProperty("failed")),
        names(lines.getProperty("excluded")),
        Long.parseLong(lines.getProperty("secondsCaches")),
        Long.parseLong(lines.getProperty("secondsEntries")),
        Long.parseLong(lines.getProperty("secondsPrimary")));
  }

  private static TreeSet<String> names(String lines) {
    TreeSet<String> names = new TreeSet<>();
    lines.lines().filter(line -> !line.isBlank()).forEach(names::add);
    return names;
  }
}
