/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a command of the system, with a deadline. */
final class Shell {
  /** The making of a database takes one second, and ten with a seventh of a processor. */
  private static final int SECONDS = 60;

  private Shell() {}

  /**
   * Runs a command and returns what it printed.
   *
   * @throws IllegalStateException if it fails, with what it printed
   */
  static String run(String... command) {
    try {
      Path output = Files.createTempFile("memogrid", ".out");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
          process.destroyForcibly();
          throw new IllegalStateException(
              List.of(command) + " takes longer than " + SECONDS + " s");
        }
        String printed = Files.readString(output, StandardCharsets.UTF_8);
        if (process.exitValue() != 0) {
          throw new IllegalStateException(
              List.of(command) + " ended with " + process.exitValue() + ": " + printed);
        }
        return printed;
      } finally {
        Files.delete(output);
      }
    } catch (IOException e) {
      throw new IllegalStateException("can't run " + List.of(command), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while running " + List.of(command), e);
    }
  }

  /** What the command printed, or why it failed. */
  static String tryRun(String... command) {
    try {
      return run(command);
    } catch (IllegalStateException e) {
      return e.toString();
    }
  }

  static boolean works(String... command) {
    try {
      run(command);
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }
}
