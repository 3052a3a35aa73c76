/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A process of a benchmark: it is told lines, and answers each with a line. It may also say what it
 * was not asked for.
 */
final class Child implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  /** What Hazelcast asks for to be at its best. */
  static final List<String> OPEN =
      List.of(
          "--add-modules",
          "java.se",
          "--add-exports",
          "java.base/jdk.internal.ref=ALL-UNNAMED",
          "--add-opens",
          "java.base/java.lang=ALL-UNNAMED",
          "--add-opens",
          "java.base/sun.nio.ch=ALL-UNNAMED",
          "--add-opens",
          "java.management/sun.management=ALL-UNNAMED",
          "--add-opens",
          "jdk.management/com.sun.management.internal=ALL-UNNAMED");

  /** Errors alone, on the other output. */
  static final List<String> QUIET =
      List.of(
          "-Dorg.jboss.logging.provider=slf4j", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error");

  private static final List<String> USUAL =
      Stream.concat(Stream.of("-Xmx1g"), OPEN.stream()).toList();

  private final List<String> what;
  private final Process process;
  private final Consumer<String[]> unasked;
  private final PrintStream words;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

  Child(Class<?> main, String... args) throws IOException {
    this(unused -> {}, main, args);
  }

  /**
   * @param unasked gets what the process says by itself, in words
   */
  Child(Consumer<String[]> unasked, Class<?> main, String... args) throws IOException {
    this(unasked, USUAL, main, args);
  }

  /**
   * @param options of the JVM, where the usual ones are not wanted
   */
  Child(Consumer<String[]> unasked, List<String> options, Class<?> main, String... args)
      throws IOException {
    this.unasked = unasked;
    this.what = List.of(args);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Djava.net.preferIPv4Stack=true");
    command.addAll(options);
    command.addAll(QUIET);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(what);
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    words = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
    Thread reader = new Thread(this::read, "words of " + what);
    reader.setDaemon(true);
    reader.start();
  }

  private void read() {
    try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = said.readLine(); line != null; line = said.readLine()) {
        if (line.startsWith("answer ")) {
          answers.add(line.substring("answer ".length()));
        } else {
          unasked.accept(line.split(" ", -1));
        }
      }
    } catch (IOException gone) {
      // it was killed
    }
  }

  /** Tells it something; {@link #hear} has the answer. */
  void say(Object... parts) {
    StringBuilder line = new StringBuilder();
    for (Object part : parts) {
      line.append(line.isEmpty() ? "" : " ").append(part);
    }
    words.println(line);
  }

  String hear() throws InterruptedException {
    String answer = answers.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    if (answer == null) {
      throw new IllegalStateException(what + " did not answer for " + PATIENCE);
    }
    return answer;
  }

  String ask(Object... parts) throws InterruptedException {
    say(parts);
    return hear();
  }

  long number(Object... parts) throws InterruptedException {
    return Long.parseLong(ask(parts));
  }

  void signal(String signal) throws IOException, InterruptedException {
    int unused =
        new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid())).start().waitFor();
  }

  /** Until it has ended. */
  void await() throws InterruptedException {
    boolean unused = process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  /** Kills it at once. */
  @Override
  public void close() {
    process.destroyForcibly();
  }

  // ---- in the process

  /** Answers a line. */
  interface Answering {
    Object answer(String[] parts) throws Exception;
  }

  /** Answers line after line until whoever asks is gone, also when an answer takes for ever. */
  static void serve(Answering answering) throws Exception {
    ProcessHandle asks = ProcessHandle.current().parent().orElseThrow();
    var unused = asks.onExit().thenRun(() -> Runtime.getRuntime().halt(1));
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      tell("answer", answering.answer(line.split(" ", -1)));
    }
    System.exit(0);
  }

  /** Says something that was not asked for. */
  static synchronized void tell(String kind, Object what) {
    System.out.println(kind + " " + what);
  }
}
