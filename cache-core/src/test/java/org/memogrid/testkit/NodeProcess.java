/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A node in a JVM of its own, with the class path of this one, that runs {@link NodeTask}s. It can
 * be killed like a crash, stopped like a long pause, and closed. Its stderr is kept in {@code
 * target/nodes} and quoted in errors. No wait is without a deadline. The process ends with {@link
 * #close()}, with this JVM, or when its stdin ends, whichever comes first. Thread-safe.
 */
public final class NodeProcess implements AutoCloseable {
  /** Long enough for a JVM to boot and for a command to run on a loaded machine. */
  public static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final List<String> JVM =
      List.of(
          "-Xmx256m",
          "-Xmn24m", // which most fill; more is more memory to be had from the system, page by page
          "-Xss512k",
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-XX:-UsePerfData", // twenty looks a second at figures that nobody reads
          "-Djava.net.preferIPv4Stack=true",
          "-Dorg.slf4j.simpleLogger.showDateTime=true",
          "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS");

  private static final AtomicLong STARTED = new AtomicLong();
  private static final int QUOTED_LINES = 60;

  private final String name;
  private final Process process;
  private final PrintStream requests;
  private final Thread reader;
  private final Path log;
  private final AtomicLong ids = new AtomicLong();
  private final Map<String, CompletableFuture<@Nullable Object>> pending =
      new ConcurrentHashMap<>();
  private final Map<String, List<Consumer<@Nullable Object>>> listeners = new ConcurrentHashMap<>();
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private volatile boolean gone;

  private NodeProcess(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
    this.requests = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
    this.reader = new Thread(this::readReplies, "replies of " + name);
    reader.setDaemon(true);
    reader.start();
  }

  /** Starts a JVM and returns without waiting for it: the first call does. */
  public static NodeProcess start(String name, String... jvmArgs) {
    return start(name, List.of(), List.of(jvmArgs));
  }

  /**
   * Starts a JVM behind a command prefix, such as {@link NetLab#inside}.
   *
   * @param jvmArgs come after the kit's own, so they win
   */
  public static NodeProcess start(String name, List<String> prefix, List<String> jvmArgs) {
    Path log =
        Path.of(
            "target",
            "nodes",
            "%d-%03d-%s.log"
                .formatted(ProcessHandle.current().pid(), STARTED.incrementAndGet(), name));
    List<String> command = new ArrayList<>(prefix);
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    command.add(java);
    command.addAll(JVM);
    command.addAll(HugePages.options());
    command.addAll(NodeArchive.options(java, JVM));
    command.addAll(jvmArgs);
    command.addAll(List.of("-cp", NodeArchive.classPath(), NodeMain.class.getName()));
    try {
      Files.createDirectories(log.getParent());
      Process process =
          new ProcessBuilder(command)
              .redirectError(ProcessBuilder.Redirect.to(log.toFile()))
              .start();
      return new NodeProcess(name, process, log);
    } catch (IOException e) {
      throw new UncheckedIOException("can't start a JVM: " + command.get(0), e);
    }
  }

  public String name() {
    return name;
  }

  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return !gone && process.isAlive();
  }

  /**
   * Runs a task there and returns its result, waiting up to {@link #PATIENCE}.
   *
   * @throws RuntimeException what the task threw there, if unchecked
   * @throws NodeGoneException if the process ends before it answers; the task may have run
   * @throws AssertionError if it does not answer in time
   */
  public <R extends @Nullable Object> R call(NodeTask<R> task) {
    return call(PATIENCE, task);
  }

  /** Runs a task there with a deadline of its own. */
  public <R extends @Nullable Object> R call(Duration atMost, NodeTask<R> task) {
    return get(atMost, callAsync(task));
  }

  /** Runs a task without a result there. */
  public void run(NodeAction action) {
    call(
        node -> {
          action.run(node);
          return "";
        });
  }

  /** Runs a task there and does not wait: the future ends with the process at the latest. */
  @SuppressWarnings("unchecked")
  public <R extends @Nullable Object> CompletableFuture<R> callAsync(NodeTask<R> task) {
    String line = Frames.write(task);
    String id = Long.toString(ids.incrementAndGet());
    CompletableFuture<@Nullable Object> reply = new CompletableFuture<>();
    pending.put(id, reply);
    var unused = ready.thenRun(() -> send(id + ' ' + line)).exceptionally(ended -> null);
    if (gone) {
      abandon();
    }
    return (CompletableFuture<R>) reply;
  }

  /** Is told of what tasks {@linkplain NodeContext#emit emit}, one event at a time. */
  public void onEvent(String channel, Consumer<@Nullable Object> listener) {
    listeners.computeIfAbsent(channel, key -> new CopyOnWriteArrayList<>()).add(listener);
  }

  /** Waits until the JVM takes tasks. */
  public NodeProcess awaitReady() {
    get(PATIENCE, ready);
    return this;
  }

  /**
   * Kills it as {@code kill -9} does, and returns when it is dead and all that it said has been
   * heard.
   */
  public void kill() {
    end();
    awaitEnd();
    awaitReader();
  }

  /** Not by {@link Process}, which would drop what it has said and nobody has read yet. */
  private void end() {
    process.toHandle().destroyForcibly();
  }

  private void awaitReader() {
    if (!Thread.currentThread().equals(reader)) {
      try {
        reader.join(PATIENCE.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError("interrupted while " + this + " is heard to its end", e);
      }
    }
  }

  /** Stops it in its tracks with SIGSTOP, until {@link #resume()}. */
  public void pause() {
    signal("STOP");
    // A thread stops when it next gets a core; where cores are short another may answer before.
    Await.until(this + " has stopped", this::isStopped);
  }

  private boolean isStopped() throws IOException {
    Path threads = Path.of("/proc", Long.toString(pid()), "task");
    if (!Files.isDirectory(threads)) {
      return true; // not Linux: nothing to look at
    }
    try (Stream<Path> each = Files.list(threads)) {
      for (Path thread : each.toList()) {
        String stat = Files.readString(thread.resolve("stat"));
        if (stat.charAt(stat.lastIndexOf(')') + 2) != 'T') { // after the name, which may be odd
          return false;
        }
      }
    }
    return true;
  }

  public void resume() {
    signal("CONT");
  }

  /** Leaves the cluster gracefully and ends the process; kills it if it takes too long. */
  public void leave() {
    run(node -> node.cluster().close());
    close();
  }

  /** Ends the process, however it is. Again is fine. */
  @Override
  public void close() {
    end();
    awaitEnd();
  }

  /** Whether a line of its stderr has that text. */
  public boolean hasLogged(String text) {
    try (Stream<String> lines = Files.lines(log, StandardCharsets.UTF_8)) {
      return lines.anyMatch(line -> line.contains(text));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The end of what it wrote to stderr. */
  public String log() {
    try {
      List<String> lines = Files.readAllLines(log);
      return String.join(
          "\n", lines.subList(Math.max(0, lines.size() - QUOTED_LINES), lines.size()));
    } catch (IOException e) {
      return "can't read " + log + ": " + e;
    }
  }

  @Override
  public String toString() {
    return name + "[" + pid() + "]";
  }

  private void send(String line) {
    synchronized (requests) {
      requests.println(line);
    }
  }

  private void signal(String signal) {
    Shell.run("kill", "-" + signal, Long.toString(pid()));
  }

  private void awaitEnd() {
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError(this + " does not die");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while " + this + " ends", e);
    }
    gone = true;
    abandon();
  }

  private <R extends @Nullable Object> R get(Duration atMost, CompletableFuture<R> reply) {
    Deadline deadline = Deadline.in(atMost);
    try {
      return reply.get(deadline.given().toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw unwrapped(e);
    } catch (TimeoutException e) {
      throw new AssertionError(
          this + " did not answer within " + deadline.given() + "\n" + threads() + "\n" + log(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while " + this + " works", e);
    }
  }

  private RuntimeException unwrapped(ExecutionException e) {
    Throwable cause = e.getCause();
    if (cause instanceof Error error) {
      throw error;
    }
    if (cause instanceof RuntimeException unchecked) {
      return unchecked;
    }
    return new IllegalStateException("the task failed on " + this, cause);
  }

  private String threads() {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    return Files.isExecutable(jcmd)
        ? Shell.tryRun(jcmd.toString(), Long.toString(pid()), "Thread.print")
        : "";
  }

  private void readReplies() {
    try (BufferedReader replies =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = replies.readLine(); line != null; line = replies.readLine()) {
        String[] words = line.split(" ", 3);
        if (words.length == 3) {
          onReply(words[0], words[1], words[2]);
        }
      }
    } catch (IOException | RuntimeException e) {
      System.err.println("lost the replies of " + this + ": " + e);
    } finally {
      gone = true;
      abandon();
    }
  }

  private void onReply(String kind, String id, String payload) {
    switch (kind) {
      case NodeMain.READY -> ready.complete(null);
      case NodeMain.EVENT ->
          listeners.getOrDefault(id, List.of()).forEach(l -> l.accept(Frames.read(payload)));
      case NodeMain.OK -> settle(id, payload, false);
      case NodeMain.FAILED -> settle(id, payload, true);
      default -> System.err.println(this + " says " + kind + ' ' + id + ' ' + payload);
    }
  }

  private void settle(String id, String payload, boolean failed) {
    CompletableFuture<@Nullable Object> reply = pending.remove(id);
    if (reply == null) {
      return;
    }
    try {
      Object value = Frames.read(payload);
      if (failed && value instanceof Throwable failure) {
        tellIfNobodyWaits(reply, failure);
        reply.completeExceptionally(failure);
      } else {
        reply.complete(value);
      }
    } catch (RuntimeException unreadable) {
      reply.completeExceptionally(unreadable);
    }
  }

  /** A test that waits for what the task was to do would only say that it waited. */
  private void tellIfNobodyWaits(CompletableFuture<@Nullable Object> reply, Throwable failure) {
    if (reply.getNumberOfDependents() == 0) {
      System.err.println("a task failed on " + this + ", for which nobody waits now: " + failure);
    }
  }

  private void abandon() {
    NodeGoneException gone = new NodeGoneException(this + " has ended; its log: " + log);
    ready.completeExceptionally(gone);
    for (String id : List.copyOf(pending.keySet())) {
      CompletableFuture<@Nullable Object> reply = pending.remove(id);
      if (reply != null) {
        reply.completeExceptionally(gone);
      }
    }
  }

  /** The process ended before it answered. Whether the task ran is not known. */
  public static final class NodeGoneException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NodeGoneException(String message) {
      super(message);
    }
  }

  /** A {@link NodeTask} without a result. */
  @FunctionalInterface
  public interface NodeAction extends java.io.Serializable {
    void run(NodeContext node) throws Exception;
  }
}
