/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * The {@code redis-server} of this machine, started on a free port of the loopback; it writes
 * nothing to disk, and ends with this JVM at the latest.
 */
final class Redis implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String PROGRAM = "redis-server";

  private final int port;
  private final Process process;
  private final Thread last;

  private Redis(int port, Process process) {
    this.port = port;
    this.process = process;
    this.last = new Thread(process::destroyForcibly, "end of redis");
    Runtime.getRuntime().addShutdownHook(last);
  }

  /** Whether there is one to start; says so if there is not. */
  static boolean isInstalled() {
    boolean found =
        Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":", -1))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, PROGRAM)));
    if (!found) {
      System.err.println(
          "bench: "
              + PROGRAM
              + " is not on the path, so Redisson and JetCache are left out:"
              + " 'apt-get install redis-server' has it on Debian");
    }
    return found;
  }

  static Redis start() {
    try {
      int port;
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        port = free.getLocalPort();
      }
      Process process =
          new ProcessBuilder(
                  PROGRAM,
                  "--bind",
                  "127.0.0.1",
                  "--port",
                  String.valueOf(port),
                  "--save",
                  "",
                  "--appendonly",
                  "no")
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      Redis redis = new Redis(port, process);
      redis.await();
      return redis;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void await() {
    long begun = System.nanoTime();
    while (!answers()) {
      if (System.nanoTime() - begun > PATIENCE.toNanos() || hasEndedSoon()) {
        close();
        throw new IllegalStateException(PROGRAM + " does not answer on port " + port);
      }
    }
  }

  private boolean answers() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.getOutputStream().write("PING\r\n".getBytes(US_ASCII));
      return new String(socket.getInputStream().readNBytes(5), US_ASCII).equals("+PONG");
    } catch (IOException notYet) {
      return false;
    }
  }

  private boolean hasEndedSoon() {
    try {
      return process.waitFor(50, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  String address() {
    return "redis://127.0.0.1:" + port;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      Runtime.getRuntime().removeShutdownHook(last);
    } catch (IllegalStateException ends) {
      // the hook runs
    }
  }
}
