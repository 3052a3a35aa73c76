/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.ClusterBuilder;

/**
 * The main class of a {@link NodeProcess}: reads {@code id task} lines from stdin, runs each on a
 * thread of its own and answers {@code id ok|failed result}. Everything else that the process
 * prints goes to stderr. When stdin ends, its parent is gone and so is it.
 */
public final class NodeMain implements NodeContext {
  static final String READY = "ready";
  static final String OK = "ok";
  static final String FAILED = "failed";
  static final String EVENT = "event";

  private final PrintStream replies;
  private final ConcurrentMap<String, Object> kept = new ConcurrentHashMap<>();
  private volatile @Nullable Cluster cluster;

  private NodeMain(PrintStream replies) {
    this.replies = replies;
  }

  public static void main(String[] args) throws IOException {
    PrintStream replies = System.out;
    System.setOut(System.err);
    NodeMain node = new NodeMain(replies);
    node.say(READY, "0", Long.toString(ProcessHandle.current().pid()));
    try (BufferedReader requests =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      node.serve(requests);
    } finally {
      Runtime.getRuntime().halt(0);
    }
  }

  private void serve(BufferedReader requests) throws IOException {
    ExecutorService threads =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "node-task");
              thread.setDaemon(true);
              return thread;
            });
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      String request = line;
      int blank = request.indexOf(' ');
      threads.execute(() -> answer(request.substring(0, blank), request.substring(blank + 1)));
    }
  }

  private void answer(String id, String encoded) {
    try {
      NodeTask<?> task = (NodeTask<?>) Frames.read(encoded);
      if (task == null) {
        throw new IllegalArgumentException("null is no task");
      }
      say(OK, id, Frames.write(task.run(this)));
    } catch (Throwable failure) {
      say(FAILED, id, failed(failure));
    }
  }

  private static String failed(Throwable failure) {
    try {
      return Frames.write(failure);
    } catch (RuntimeException notSerializable) {
      Throwable standIn = standIn(failure);
      standIn.setStackTrace(failure.getStackTrace());
      return Frames.write(standIn);
    }
  }

  /**
   * One of the engine's causes may not be serializable, such as that of a member that was lost: who
   * catches {@link CacheException} elsewhere is to catch it here, too.
   */
  private static Throwable standIn(Throwable failure) {
    return failure instanceof CacheException
        ? new CacheException(failure.getMessage() + " (cause: " + failure.getCause() + ")")
        : new AssertionError(failure.toString());
  }

  private void say(String kind, String id, String payload) {
    synchronized (replies) {
      replies.println(kind + ' ' + id + ' ' + payload);
      replies.flush();
    }
  }

  @Override
  public void join(ClusterBuilder builder) {
    if (cluster != null) {
      throw new IllegalStateException("this process has joined already");
    }
    cluster = builder.join();
  }

  @Override
  public Cluster cluster() {
    Cluster joined = cluster;
    if (joined == null) {
      throw new IllegalStateException("this process has not joined a cluster yet");
    }
    return joined;
  }

  @Override
  @SuppressWarnings("unchecked")
  public <T> T kept(String name, Supplier<? extends T> maker) {
    return (T) kept.computeIfAbsent(name, key -> maker.get());
  }

  @Override
  public void forget(String name) {
    kept.remove(name);
  }

  @Override
  public void emit(String channel, @Nullable Object event) {
    say(EVENT, channel, Frames.write(event));
  }
}
