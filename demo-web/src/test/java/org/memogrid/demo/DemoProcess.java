/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.memogrid.testkit.Await;

/** A demo node in a JVM of its own, as {@code bin/demo --port} starts it. Ends with this JVM. */
final class DemoProcess implements AutoCloseable {
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** A JVM and a join, on a machine with more to do than it can. */
  private static final Duration START = Duration.ofMinutes(2);

  private final Process process;
  private final int port;
  private final List<String> log = new CopyOnWriteArrayList<>();
  private final Thread endWithThisJvm;

  private DemoProcess(Process process, int port) {
    this.process = process;
    this.port = port;
    this.endWithThisJvm = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(endWithThisJvm);
    Thread reader = new Thread(this::readLog, "log of " + port);
    reader.setDaemon(true);
    reader.start();
  }

  /** Starts a node and returns at once. */
  static DemoProcess start(int port, String... options) throws IOException {
    return start(List.of(), port, options);
  }

  /** Starts a node with more arguments of its JVM, and returns at once. */
  static DemoProcess start(List<String> jvm, int port, String... options) throws IOException {
    DemoBuild build = DemoBuild.get();
    List<String> command = new ArrayList<>(List.of(DemoBuild.JAVA));
    command.addAll(DemoBuild.JVM);
    command.add("-XX:SharedArchiveFile=" + build.archive());
    command.addAll(jvm);
    command.addAll(List.of("-cp", build.classPath()));
    command.addAll(List.of(DemoMain.class.getName(), "--port", Integer.toString(port)));
    command.addAll(List.of(options));
    return new DemoProcess(new ProcessBuilder(command).redirectErrorStream(true).start(), port);
  }

  /** Waits until the node knows that many members. */
  DemoProcess awaitMembers(int count) {
    Await.untilAsserted(
        count + " members on " + port,
        START,
        () -> {
          assertThat(process.isAlive()).as("alive, log: %s", log).isTrue();
          assertThat(get("/health").get(5, TimeUnit.SECONDS).body())
              .as("log: %s", log)
              .matches(body -> body.chars().filter(c -> c == ',').count() == count - 1);
        });
    return this;
  }

  /** Asks the node and does not wait. */
  CompletableFuture<Answer> get(String path) {
    long asked = System.nanoTime();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(Await.LONG)
            .build();
    return CLIENT
        .sendAsync(request, BodyHandlers.ofString())
        .thenApply(response -> Answer.of(response, asked));
  }

  /** How many runs of the slow function for {@code t} this node has begun. */
  long runs(int t) {
    return log.stream().filter(line -> line.contains("computing t=" + t + " ")).count();
  }

  /** Whether a run for {@code t} has ended here. */
  boolean computed(int t) {
    return log.stream().anyMatch(line -> line.contains("computed t=" + t + " "));
  }

  /** As {@code kill -9} does; returns when it is dead. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** As {@code kill} does; returns the exit status. */
  int stop() throws InterruptedException {
    process.destroy();
    return awaitExit();
  }

  /** Asks it to end, as {@code kill} does, and does not wait. */
  void terminate() {
    process.destroy();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  int awaitExit() {
    Await.until("the end of the node on " + port + ", log: " + log, () -> !process.isAlive());
    return process.exitValue();
  }

  List<String> log() {
    return log;
  }

  @Override
  public void close() {
    process.destroyForcibly();
    Runtime.getRuntime().removeShutdownHook(endWithThisJvm);
  }

  private void readLog() {
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        log.add(line);
      }
    } catch (IOException e) {
      log.add("the log ended: " + e);
    }
  }

  /**
   * A response, how long it took, and when it came.
   *
   * @param memo the header of that name; empty if there is none
   */
  record Answer(int status, String body, String memo, Duration took, long at) {
    private static Answer of(HttpResponse<String> response, long asked) {
      long now = System.nanoTime();
      return new Answer(
          response.statusCode(),
          response.body(),
          response.headers().firstValue("Memo").orElse(""),
          Duration.ofNanos(now - asked),
          now);
    }
  }
}
