/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the function for calls that were told to, and tells the core what came of it. The user's
 * code runs under no lock and in no map's compute.
 */
final class Runner<K, V> {
  private static final Logger LOG = LoggerFactory.getLogger(Runner.class);

  private final MemoNode node;
  private final Plan<K, V> plan;
  private final Executor threads;
  private final Counters counters;
  private final Values<K, V> values;
  private final @Nullable Semaphore permits;
  private final ConcurrentMap<Token, Execution> executions = new ConcurrentHashMap<>();

  Runner(MemoNode node, Plan<K, V> plan, Executor memoThreads, Counters counters) {
    this.node = node;
    this.plan = plan;
    this.threads = plan.executor == null ? memoThreads : plan.executor;
    this.counters = counters;
    this.values = new Values<>(node, plan);
    this.permits = plan.maxConcurrent == 0 ? null : new Semaphore(plan.maxConcurrent, true);
  }

  /**
   * A run that is due.
   *
   * @param call whose offer it was
   * @param outer what its caller's thread was in
   * @param inherited tokens of runs on another member that wait for it
   * @param replaces whether there is a value that it is to replace
   */
  record Run<K>(
      K key,
      Function<? super K, ?> fn,
      Token token,
      Call call,
      @Nullable Running outer,
      List<Token> inherited,
      boolean replaces) {}

  /** Runs it on this thread, or on another. */
  void start(Run<K> run, boolean here) {
    if (here) {
      compute(run);
      return;
    }
    run.call.computed();
    execute(List.of(run), () -> compute(run));
  }

  /** Runs the bulk function for all of them, on another thread. */
  void start(List<Run<K>> batch) {
    execute(batch, () -> computeAll(batch));
  }

  private void execute(List<Run<K>> runs, Runnable work) {
    try {
      threads.execute(work);
    } catch (RejectedExecutionException e) {
      for (Run<K> run : runs) {
        failed(run, failure(run.key, e));
      }
    }
  }

  /** Interrupts a run that nobody waits for any more. */
  void stop(Token token) {
    Execution execution = executions.get(token);
    if (execution != null) {
      execution.interrupt();
    }
  }

  // ---- one key

  private void compute(Run<K> run) {
    if (!permitted(List.of(run))) {
      return;
    }
    Set<String> dependencies = plan.trackDependencies ? new HashSet<>() : null;
    Execution execution = begin(List.of(run));
    Running before = Running.enter(frame(run, run.outer, dependencies));
    long begun = System.nanoTime();
    Value value = null;
    Failure failure = null;
    try {
      Object result = run.fn.apply(run.key);
      boolean isStage = result instanceof CompletionStage;
      Object returned = result instanceof CompletionStage<?> stage ? valueOf(stage) : result;
      long cost = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
      value = values.of(run.key, returned, isStage && !plan.stages, cost, dependencies);
    } catch (Throwable e) { // also errors: somebody waits
      failure = failure(run.key, e);
    }
    Running.exit(before);
    end(List.of(run), execution, begun);
    boolean interrupted = execution.end();
    run.call.computed();
    if (!execution.tells()) {
      return;
    }
    if (value != null) {
      tell(MemoEvent.Type.RETURNED, run.key, begun, null);
      returned(run, value);
    } else if (failure != null) {
      counters.failures.add(interrupted ? 0 : 1);
      tell(MemoEvent.Type.FAILED, run.key, begun, failure.thrown());
      failed(run, failure);
    }
  }

  private static @Nullable Object valueOf(CompletionStage<?> stage) throws Throwable {
    CompletableFuture<Object> own = new CompletableFuture<>();
    var unused =
        stage.whenComplete(
            (value, e) -> {
              if (e == null) {
                own.complete(value);
              } else {
                own.completeExceptionally(e);
              }
            });
    try {
      return own.get();
    } catch (ExecutionException e) {
      throw bare(e);
    } catch (InterruptedException e) {
      if (stage instanceof Future<?> future) {
        future.cancel(true);
      }
      throw e;
    }
  }

  /** What the stage failed with, without what the JDK wraps it in. */
  private static Throwable bare(Throwable thrown) {
    Throwable bare = thrown;
    while (bare instanceof ExecutionException || bare instanceof CompletionException) {
      Throwable cause = bare.getCause();
      if (cause == null) {
        break;
      }
      bare = cause;
    }
    return bare;
  }

  // ---- many keys

  private void computeAll(List<Run<K>> batch) {
    if (!permitted(batch)) {
      return;
    }
    Function<? super Set<K>, ? extends Map<K, ? extends V>> bulk = plan.bulk;
    Set<String> dependencies = plan.trackDependencies ? new HashSet<>() : null;
    Execution execution = begin(batch);
    Running frame = null;
    Map<K, Run<K>> runs = new LinkedHashMap<>();
    for (Run<K> run : batch) {
      frame = frame(run, frame == null ? run.outer : frame, dependencies);
      runs.put(run.key, run);
    }
    Running before = frame == null ? Running.current() : Running.enter(frame);
    long begun = System.nanoTime();
    Map<K, ? extends V> results = null;
    Failure failure = null;
    try {
      results =
          bulk == null
              ? Map.of()
              : java.util.Objects.requireNonNull(
                  bulk.apply(java.util.Collections.unmodifiableSet(runs.keySet())),
                  () -> node.id() + ": the bulk function returned null: return a map");
    } catch (Throwable e) {
      failure = failure(batch.get(0).key, e);
    }
    Running.exit(before);
    end(batch, execution, begun);
    var unused = execution.end();
    if (!execution.tells()) {
      return;
    }
    long cost = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    for (Run<K> run : runs.values()) {
      Failure failed = failure;
      Value value = null;
      if (results != null) {
        try {
          value = values.of(run.key, results.get(run.key), false, cost, dependencies);
        } catch (Throwable e) {
          failed = failure(run.key, e);
        }
      }
      if (value != null) {
        tell(MemoEvent.Type.RETURNED, run.key, begun, null);
        returned(run, value);
      } else if (failed != null) {
        counters.failures.increment();
        tell(MemoEvent.Type.FAILED, run.key, begun, failed.thrown());
        failed(run, failed);
      }
    }
  }

  // ---- around the function

  private boolean permitted(List<Run<K>> runs) {
    if (permits == null) {
      return true;
    }
    try {
      permits.acquire();
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      for (Run<K> run : runs) { // another caller's affair, if there is one
        node.feed(core -> core.declined(run.token, run.call));
        run.call.computed();
        run.call.complete(
            new Effect.Threw(
                new Failure(
                    null,
                    Failure.Kind.HOME,
                    node.id() + ": interrupted while waiting to run for " + run.key)));
      }
      return false;
    }
  }

  private Running frame(Run<K> run, @Nullable Running outer, @Nullable Set<String> dependencies) {
    return new Running(node, run.key, run.token, outer, run.inherited, dependencies, permits);
  }

  private Execution begin(List<Run<K>> runs) {
    Execution execution = new Execution();
    if (runs.size() == 1) { // a batch goes on for those who still wait
      executions.put(runs.get(0).token, execution);
    }
    if (plan.hardTimeout > 0) {
      node.after(plan.hardTimeout, () -> overdue(runs, execution));
    }
    for (Run<K> run : runs) {
      tell(MemoEvent.Type.STARTED, run.key, System.nanoTime(), null);
    }
    return execution;
  }

  private void end(List<Run<K>> runs, Execution execution, long begun) {
    counters.runs.add(runs.size());
    counters.runNanos.add(System.nanoTime() - begun);
    executions.remove(runs.get(0).token, execution);
    if (permits != null) {
      permits.release();
    }
  }

  private void overdue(List<Run<K>> runs, Execution execution) {
    if (!execution.tells()) {
      return;
    }
    for (Run<K> run : runs) {
      counters.failures.increment();
      String text =
          node.id()
              + " of "
              + run.key
              + " took longer than "
              + Duration.ofMillis(plan.hardTimeout)
              + " on "
              + node.self();
      failed(run, new Failure(null, Failure.Kind.TIMEOUT, text));
    }
    execution.interrupt();
  }

  // ---- what came of it

  private Failure failure(K key, Throwable thrown) {
    return Failure.of(thrown, node.id() + " of " + key + " failed on " + node.self());
  }

  private void returned(Run<K> run, Value value) {
    finish(run.call, new Effect.Returned(value));
    node.feed(core -> core.returned(run.token, value));
  }

  private void failed(Run<K> run, Failure failure) {
    Value remembered = null;
    Failure told = failure;
    if (!run.replaces) {
      try {
        remembered = values.ofFailure(run.key, failure);
      } catch (RuntimeException e) {
        told = failure(run.key, e);
      }
    }
    if (remembered != null) {
      returned(run, remembered);
      return;
    }
    Failure thrown = told;
    finish(run.call, new Effect.Threw(thrown));
    boolean share = plan.onFailure == FailurePolicy.SHARE;
    node.feed(core -> core.failed(run.token, thrown, share));
  }

  /** A caller that computed after its memo was closed has its own result all the same. */
  private static void finish(Call call, Effect.Outcome own) {
    if (call.outcome() instanceof Effect.Threw threw
        && threw.failure() instanceof Failure failure
        && failure.kind() == Failure.Kind.CLOSED) {
      call.replace(own);
    }
  }

  void tell(MemoEvent.Type type, K key, long begunNanos, @Nullable Throwable failure) {
    MemoListener<? super K> listener = plan.listener;
    if (listener == null) {
      return;
    }
    try {
      notify(listener, new MemoEvent<>(type, key, took(type, begunNanos), failure));
    } catch (RuntimeException e) {
      LOG.warn("{}: the listener failed on {} of {}", node.id(), type, key, e);
    }
  }

  @SuppressWarnings("unchecked") // a listener of a wider type takes events of the narrower
  private static <T> void notify(MemoListener<T> listener, MemoEvent<? extends T> event) {
    listener.on((MemoEvent<T>) event);
  }

  private static Duration took(MemoEvent.Type type, long begunNanos) {
    return switch (type) {
      case RETURNED, FAILED -> Duration.ofNanos(System.nanoTime() - begunNanos);
      case STARTED, STALE -> Duration.ZERO;
    };
  }
}
