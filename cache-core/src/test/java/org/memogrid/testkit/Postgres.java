/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A PostgreSQL server of its own, on the loopback, with its data in a directory of its own, until
 * it is closed. A test is skipped where Debian's {@code postgresql} is missing, or fails where the
 * environment says {@code CI=true}.
 */
public final class Postgres implements AutoCloseable {
  private static final Path VERSIONS = Path.of("/usr/lib/postgresql");

  private final Path bin;
  private final Path data;
  private final FreePorts ports = FreePorts.take();
  private final Thread hook = new Thread(this::kill);

  private Postgres(Path bin, Path data) {
    this.bin = bin;
    this.data = data;
  }

  /** One that serves. */
  public static Postgres start() {
    Optional<Path> bin = newest();
    String message = "no PostgreSQL below " + VERSIONS + ": install Debian's postgresql";
    if ("true".equals(System.getenv("CI")) && bin.isEmpty()) {
      throw new AssertionError(message + ": with CI=true it must be there");
    }
    Assumptions.assumeTrue(bin.isPresent(), message);
    try {
      Path data = Files.createTempDirectory("memogrid-postgres");
      Postgres server = new Postgres(bin.get(), data);
      if (isRoot()) { // it refuses to run as root
        Shell.run("chown", "postgres", data.toString());
      }
      server.run("initdb", "--no-sync", "-A", "trust", "-U", "memogrid", "-D", data.toString());
      server.serve();
      Runtime.getRuntime().addShutdownHook(server.hook);
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<Path> newest() {
    if (!Files.isDirectory(VERSIONS)) {
      return Optional.empty();
    }
    try (Stream<Path> versions = Files.list(VERSIONS)) {
      return versions
          .map(version -> version.resolve("bin"))
          .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
          .max(Comparator.comparing(Path::toString));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isRoot() {
    return Shell.run("id", "-u").strip().equals("0");
  }

  private void run(String tool, String... arguments) {
    List<String> command = new ArrayList<>();
    if (isRoot()) {
      command.addAll(List.of("runuser", "-u", "postgres", "--"));
    }
    command.add(bin.resolve(tool).toString());
    command.addAll(List.of(arguments));
    Shell.run(command.toArray(String[]::new));
  }

  /** Starts it, or starts it again, and returns when it answers. */
  public void serve() {
    run(
        "pg_ctl",
        "start",
        "-w",
        "-D",
        data.toString(),
        "-l",
        data.resolve("log").toString(),
        "-o",
        "-h 127.0.0.1 -F -p " + ports.base() + " -k " + data + " -c max_prepared_transactions=8");
  }

  /** Ends it as a loss of power would. */
  public void kill() {
    run("pg_ctl", "stop", "-m", "immediate", "-D", data.toString());
  }

  public String url() {
    return "jdbc:postgresql://127.0.0.1:" + ports.base() + "/postgres?user=memogrid";
  }

  @Override
  public void close() {
    try {
      kill();
    } catch (IllegalStateException e) {
      // It was ended before.
    }
    Runtime.getRuntime().removeShutdownHook(hook);
    Shell.run("rm", "-rf", data.toString());
    ports.close();
  }
}
