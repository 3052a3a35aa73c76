/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
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

  /** In so many runs within each other a thread may be; the next is on another. */
  private static final int NESTED = 100;

  private final MemoNode node;
  private final Plan<K, V> plan;
  private final Executor memoThreads;
  private final Executor threads;
  private final Counters counters;
  private final Values<K, V> values;
  private final @Nullable Semaphore permits;

  /** Of the runs that were granted and have not ended, but for those in a batch that has begun. */
  private final ConcurrentMap<Token, Execution> executions = new ConcurrentHashMap<>();

  Runner(MemoNode node, Plan<K, V> plan, Executor memoThreads, Counters counters) {
    this.node = node;
    this.plan = plan;
    this.memoThreads = memoThreads;
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

  /** Refuses what could not be remembered as the key's result. */
  void requireSound(K key, V result) {
    values.requireSound(key, result);
  }

  /** Runs it on this thread, or on another. It was expected. */
  void start(Run<K> run, boolean here) {
    if (here && Running.nested() < NESTED) {
      compute(run);
      return;
    }
    run.call.computed();
    execute(List.of(run), () -> compute(run));
  }

  /** Runs the bulk function for all of them, on another thread. They were expected. */
  void start(List<Run<K>> batch) {
    execute(batch, () -> computeAll(batch));
  }

  /** A run that is to begin: it may be told to stop from here on, before its call may leave. */
  void expect(Run<K> run) {
    executions.put(run.token, new Execution());
  }

  private void execute(List<Run<K>> runs, Runnable work) {
    try {
      threads.execute(work);
    } catch (RejectedExecutionException | OutOfMemoryError e) { // also: no thread could be made
      for (Run<K> run : runs) {
        executions.remove(run.token);
        failed(run, failure(run.key, e));
      }
    }
  }

  /** Stops a run that nobody waits for any more, also if it has not begun. */
  void stop(Token token) {
    Execution execution = executions.get(token);
    if (execution != null) {
      execution.stop();
    }
  }

  // ---- one key

  private void compute(Run<K> run) {
    Execution execution = executions.get(run.token);
    if (execution == null) {
      return; // it was rejected
    }
    Running here = Running.current();
    if (here != null) {
      here.execution().suspend();
    }
    try {
      if (!execution.enter()) {
        stopped(run);
      } else if (permitted()) {
        call(run, execution);
      } else if (execution.end()) {
        stopped(run);
      } else {
        Thread.currentThread().interrupt();
        declined(run);
      }
    } finally {
      executions.remove(run.token, execution);
      if (here != null) {
        here.execution().resume();
      }
    }
  }

  private void call(Run<K> run, Execution execution) {
    Dependencies dependencies = plan.trackDependencies ? new Dependencies() : null;
    Running before = Running.current();
    Begun begun = new Begun(List.of(run), execution, dependencies);
    Value value = null;
    Failure failure = null;
    try {
      begun.tell();
      Running.enter(frame(run, run.outer, dependencies, execution));
      Object result = run.fn.apply(run.key);
      boolean isStage = result instanceof CompletionStage;
      Object returned =
          result instanceof CompletionStage<?> stage ? valueOf(stage, execution) : result;
      value = values.of(run.key, returned, isStage && !plan.stages, begun.millis(), dependencies);
    } catch (Throwable e) { // also errors: somebody waits
      failure = failure(run.key, e).after(dependencies);
    } finally {
      Running.exit(before);
      begun.end();
    }
    boolean stopped = execution.end();
    run.call.computed();
    if (!execution.tells()) {
      return;
    }
    if (value != null) {
      tell(MemoEvent.Type.RETURNED, run.key, begun.nanos, null);
      returned(run, value);
    } else if (failure != null) {
      counters.failures.add(stopped ? 0 : 1);
      tell(MemoEvent.Type.FAILED, run.key, begun.nanos, failure.thrown());
      if (!stopped && failure.isInterrupt()) {
        failed(run, failure, false); // its caller's own affair
      } else {
        failed(run, failure);
      }
    }
  }

  /** A stage that may hang on memos' runs is awaited without the permit that they may need. */
  private static @Nullable Object valueOf(CompletionStage<?> stage, Execution execution)
      throws Throwable {
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
      if (!execution.hasAsked() || own.isDone()) {
        return own.get();
      }
      Running.Lent lent = Running.lend();
      try {
        return own.get();
      } finally {
        lent.takeBack();
      }
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

  private void computeAll(List<Run<K>> granted) {
    if (!permitted()) {
      Thread.currentThread().interrupt();
      granted.forEach(this::declined);
      return;
    }
    Map<K, List<Run<K>>> batch = new LinkedHashMap<>();
    Execution execution = new Execution();
    var unused = execution.enter();
    List<Run<K>> runs = begin(granted);
    for (Run<K> run : runs) {
      batch.computeIfAbsent(run.key, key -> new ArrayList<>()).add(run);
    }
    Dependencies dependencies = plan.trackDependencies ? new Dependencies() : null;
    Running before = Running.current();
    Begun begun = new Begun(runs, execution, dependencies);
    Map<K, ? extends V> results = null;
    Failure failure = null;
    try {
      begun.tell();
      Running frame = null;
      for (Run<K> run : runs) {
        frame = frame(run, frame == null ? run.outer : frame, dependencies, execution);
      }
      if (frame != null) {
        Running.enter(frame);
        results = bulk(Collections.unmodifiableSet(batch.keySet()));
      }
    } catch (Throwable e) {
      failure = failure(runs.get(0).key, e).after(dependencies);
    } finally {
      Running.exit(before);
      begun.end();
    }
    execution.end();
    if (!execution.tells()) {
      return;
    }
    for (Run<K> run : runs) {
      ended(run, begun, results, failure, dependencies);
    }
  }

  /** A batch goes on for those who still wait: what was stopped before goes no further. */
  private List<Run<K>> begin(List<Run<K>> granted) {
    List<Run<K>> due = new ArrayList<>();
    for (Run<K> run : granted) {
      Execution own = executions.remove(run.token);
      if (own != null && own.enter()) {
        due.add(run);
      } else if (own != null) {
        stopped(run);
      }
    }
    return due;
  }

  private Map<K, ? extends V> bulk(Set<K> keys) {
    Function<? super Set<K>, ? extends Map<K, ? extends V>> bulk = requireNonNull(plan.bulk);
    return requireNonNull(
        bulk.apply(keys), () -> node.id() + ": the bulk function returned null: return a map");
  }

  private void ended(
      Run<K> run,
      Begun begun,
      @Nullable Map<K, ? extends V> results,
      @Nullable Failure failure,
      @Nullable Dependencies dependencies) {
    Failure failed = failure;
    Value value = null;
    if (results != null) {
      try {
        V result = results.get(run.key);
        value = values.of(run.key, result, false, begun.millis(), dependencies);
      } catch (Throwable e) {
        failed = failure(run.key, e).after(dependencies);
      }
    }
    if (value != null) {
      tell(MemoEvent.Type.RETURNED, run.key, begun.nanos, null);
      returned(run, value);
    } else if (failed != null) {
      counters.failures.increment();
      tell(MemoEvent.Type.FAILED, run.key, begun.nanos, failed.thrown());
      failed(run, failed);
    }
  }

  // ---- around the function

  /** Returns whether it may go on; false with the interrupt taken. */
  private boolean permitted() {
    if (permits == null) {
      return true;
    }
    try {
      permits.acquire();
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }

  /** Another caller's affair, if there is one. */
  private void declined(Run<K> run) {
    executions.remove(run.token);
    node.feed(core -> core.declined(run.token, run.call));
    run.call.computed();
    run.call.complete(
        new Effect.Threw(
            failure(run.key, "was not run: interrupted while it waited for its turn")));
  }

  /** Nobody waits for it any more. Whoever joined since has another run. */
  private void stopped(Run<K> run) {
    run.call.computed();
    failed(run, failure(run.key, "was stopped before it began"), false);
  }

  private Running frame(
      Run<K> run,
      @Nullable Running outer,
      @Nullable Dependencies dependencies,
      Execution execution) {
    return new Running(
        node,
        run.key,
        run.token,
        outer,
        run.inherited,
        dependencies,
        permits,
        execution,
        Running.nested());
  }

  /** Runs that have begun together: they hold a permit, and are timed. */
  private final class Begun {
    final long nanos = System.nanoTime();
    private final List<Run<K>> runs;
    private final @Nullable Future<?> timer;

    Begun(List<Run<K>> runs, Execution execution, @Nullable Dependencies dependencies) {
      this.runs = runs;
      this.timer =
          plan.hardTimeout == 0
              ? null
              : node.after(
                  plan.hardTimeout,
                  () ->
                      elsewhere(memoThreads, () -> overdue(runs, execution, nanos, dependencies)));
    }

    void tell() {
      for (Run<K> run : runs) {
        Runner.this.tell(MemoEvent.Type.STARTED, run.key, nanos, null);
      }
    }

    long millis() {
      return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }

    void end() {
      if (timer != null) {
        timer.cancel(false);
      }
      counters.runs.add(runs.size());
      counters.runNanos.add(System.nanoTime() - nanos);
      if (permits != null) {
        permits.release();
      }
    }
  }

  private void overdue(
      List<Run<K>> runs, Execution execution, long begun, @Nullable Dependencies dependencies) {
    if (!execution.tells()) {
      return;
    }
    execution.stop();
    for (Run<K> run : runs) {
      counters.failures.increment();
      String text =
          describe(run.key)
              + " took longer than "
              + Duration.ofMillis(plan.hardTimeout)
              + " on "
              + node.self();
      Failure late = new Failure(new MemoTimeoutException(text), Failure.Kind.TIMEOUT, text);
      Failure failure = late.after(dependencies);
      tell(MemoEvent.Type.FAILED, run.key, begun, failure.thrown());
      failed(run, failure);
    }
  }

  /** Runs it on a thread of the memo's own: user's code may hang on it. */
  static void elsewhere(Executor memoThreads, Runnable work) {
    try {
      memoThreads.execute(work);
    } catch (RejectedExecutionException | OutOfMemoryError e) { // there are none
      work.run();
    }
  }

  // ---- what came of it

  private Failure failure(K key, Throwable thrown) {
    return Failure.of(thrown, describe(key) + " failed on " + node.self());
  }

  private Failure failure(K key, String what) {
    return new Failure(null, Failure.Kind.HOME, describe(key) + " " + what + " on " + node.self());
  }

  /** Also of a key whose own text fails: somebody waits for the run. */
  private String describe(K key) {
    try {
      return node.id() + " of " + key;
    } catch (RuntimeException | Error e) {
      return node.id() + " of a " + key.getClass().getName();
    }
  }

  private void returned(Run<K> run, Value value) {
    finish(run.call, new Effect.Returned(value));
    node.feed(core -> core.returned(run.token, value));
  }

  private void failed(Run<K> run, Failure failure) {
    Value remembered = null;
    if (!run.replaces) {
      try {
        remembered = values.ofFailure(run.key, failure);
      } catch (RuntimeException | Error e) { // the callers' failure is the function's all the same
        LOG.warn("{}: cacheFailures failed: the failure is not remembered", describe(run.key), e);
      }
    }
    if (remembered != null) {
      returned(run, remembered);
    } else {
      failed(run, failure, plan.onFailure == FailurePolicy.SHARE);
    }
  }

  /**
   * @param share whether the failure is for all who wait; if not, the next of them runs
   */
  private void failed(Run<K> run, Failure failure, boolean share) {
    finish(run.call, new Effect.Threw(failure));
    node.feed(core -> core.failed(run.token, failure, share));
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
    } catch (Throwable e) { // also errors: the run has its callers
      LOG.warn("{}: the listener failed on {}", describe(key), type, e);
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
