/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;

/**
 * Collects what a pipeline is. Steps and limits must be the same on all nodes that have it;
 * functions, handlers, concurrency and how many futures are awaited are each node's own. Not
 * thread-safe.
 *
 * @param <I> what goes in
 * @param <T> what the next step gets
 * @param <O> what comes out
 */
public final class PipelineBuilder<
    I extends @Nullable Object, T extends @Nullable Object, O extends @Nullable Object> {
  private final String name;
  private final List<Draft> drafts = new ArrayList<>();
  private int open;
  private int concurrency = 1;
  private @Nullable ErrorHandler onError;
  private Duration stepTimeout = Duration.ofSeconds(10);
  private int capacity;
  private int maxJumps = 100;
  private int attempts = 10;
  private Duration firstPause = Duration.ofMillis(100);
  private Duration longestPause = Duration.ofSeconds(5);
  private Duration keepResults = Duration.ofHours(1);
  private Duration keepParts = Duration.ofDays(1);
  private @Nullable Duration deadline;
  private boolean works = true;

  private record Draft(
      String name, StepDefinition.Kind kind, int depth, StepDefinition.Work work, Step options) {}

  PipelineBuilder(String name) {
    this.name = Checks.name("the name of a pipeline", name);
  }

  // ---- steps

  /**
   * Adds a step. A result that is a {@link CompletionStage} is awaited, without a thread, and the
   * next step gets what it ends with; {@link #stepAsync} says so to the compiler.
   *
   * @throws IllegalArgumentException if the name is blank or taken, naming the pipeline
   */
  @CanIgnoreReturnValue
  public <R extends @Nullable Object> PipelineBuilder<I, R, O> step(
      String step, Function<? super T, ? extends R> fn) {
    return step(step, fn, Step.plain());
  }

  /** {@link #step(String, Function)} with options of its own. */
  @CanIgnoreReturnValue
  public <R extends @Nullable Object> PipelineBuilder<I, R, O> step(
      String step, Function<? super T, ? extends R> fn, Step options) {
    requireNonNull(fn, "fn");
    return add(step, StepDefinition.Kind.PLAIN, (value, context) -> fn.apply(cast(value)), options);
  }

  /** A step that also takes the context, in which it may {@linkplain StepContext#goTo jump}. */
  @CanIgnoreReturnValue
  public <R extends @Nullable Object> PipelineBuilder<I, R, O> step(
      String step, BiFunction<? super T, ? super StepContext, ? extends R> fn) {
    return step(step, fn, Step.plain());
  }

  /** {@link #step(String, BiFunction)} with options of its own. */
  @CanIgnoreReturnValue
  public <R extends @Nullable Object> PipelineBuilder<I, R, O> step(
      String step, BiFunction<? super T, ? super StepContext, ? extends R> fn, Step options) {
    requireNonNull(fn, "fn");
    return add(
        step,
        StepDefinition.Kind.PLAIN,
        (value, context) -> fn.apply(cast(value), context),
        options);
  }

  /** A step whose result comes later; it is awaited without a thread. */
  @CanIgnoreReturnValue
  public <R extends @Nullable Object> PipelineBuilder<I, R, O> stepAsync(
      String step, Function<? super T, ? extends CompletionStage<R>> fn) {
    return stepAsync(step, fn, Step.plain());
  }

  /** {@link #stepAsync(String, Function)} with options of its own. */
  @CanIgnoreReturnValue
  public <R extends @Nullable Object> PipelineBuilder<I, R, O> stepAsync(
      String step, Function<? super T, ? extends CompletionStage<R>> fn, Step options) {
    requireNonNull(fn, "fn");
    return add(step, StepDefinition.Kind.PLAIN, (value, context) -> fn.apply(cast(value)), options);
  }

  /** A step that is another pipeline, started on each node on which this one is. */
  @CanIgnoreReturnValue
  public <R extends @Nullable Object> PipelineBuilder<I, R, O> step(
      String step, Pipeline<? super T, R> nested) {
    requireNonNull(nested, "nested");
    return stepAsync(step, value -> nested.submit(value));
  }

  /**
   * A step whose elements go on one by one, through the steps behind it, until a {@link #join}. The
   * first that fails for good fails the value, unless an error handler {@linkplain
   * Recovery#complete completes} the branch.
   */
  @CanIgnoreReturnValue
  public <E extends @Nullable Object> PipelineBuilder<I, E, O> fanOut(
      String step, Function<? super T, ? extends Collection<? extends E>> fn) {
    return fanOut(step, fn, Step.plain());
  }

  /** {@link #fanOut(String, Function)} with options of its own. */
  @CanIgnoreReturnValue
  public <E extends @Nullable Object> PipelineBuilder<I, E, O> fanOut(
      String step, Function<? super T, ? extends Collection<? extends E>> fn, Step options) {
    requireNonNull(fn, "fn");
    PipelineBuilder<I, E, O> builder =
        add(step, StepDefinition.Kind.FAN_OUT, (value, context) -> fn.apply(cast(value)), options);
    open++;
    return builder;
  }

  /**
   * Gets all that came of the elements of the last {@link #fanOut}, in their order.
   *
   * @throws IllegalArgumentException if no fan-out is open
   */
  @CanIgnoreReturnValue
  public <R extends @Nullable Object> PipelineBuilder<I, R, O> join(
      String step, Function<? super List<T>, ? extends R> fn) {
    return join(step, fn, Step.plain());
  }

  /** {@link #join(String, Function)} with options of its own. */
  @CanIgnoreReturnValue
  public <R extends @Nullable Object> PipelineBuilder<I, R, O> join(
      String step, Function<? super List<T>, ? extends R> fn, Step options) {
    requireNonNull(fn, "fn");
    if (open == 0) {
      throw new IllegalArgumentException(
          "pipeline '" + name + "', step '" + step + "': there is no fan-out before this join");
    }
    open--;
    return add(step, StepDefinition.Kind.JOIN, (value, context) -> fn.apply(cast(value)), options);
  }

  // The chain of steps checks the type; null is a value.
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals", "NullAway"})
  private static <V extends @Nullable Object> V cast(@Nullable Object value) {
    return (V) value;
  }

  @SuppressWarnings("unchecked") // a builder holds nothing of its type
  private <R extends @Nullable Object> PipelineBuilder<I, R, O> add(
      String step, StepDefinition.Kind kind, StepDefinition.Work work, Step options) {
    Checks.name("the name of a step of pipeline '" + name + "'", step);
    requireNonNull(options, "options");
    if (drafts.stream().anyMatch(draft -> draft.name.equals(step))) {
      throw new IllegalArgumentException(
          "pipeline '" + name + "' has a step '" + step + "' already: give each a name of its own");
    }
    drafts.add(new Draft(step, kind, open, work, options));
    return (PipelineBuilder<I, R, O>) this;
  }

  // ---- for all steps

  /**
   * So many threads of each node run each step, so that each works on so many values at a time.
   * Futures that a step returned hold no thread and are not counted: {@link Step#awaiting} limits
   * them. Default: 1.
   *
   * @throws IllegalArgumentException if it is below one
   */
  @CanIgnoreReturnValue
  public PipelineBuilder<I, T, O> concurrency(int threads) {
    concurrency = Checks.atLeastOne("the concurrency of pipeline '" + name + "'", threads);
    return this;
  }

  /** Asked about failures of all steps that have no handler of their own. Default: try again. */
  @CanIgnoreReturnValue
  public PipelineBuilder<I, T, O> onError(ErrorHandler handler) {
    onError = requireNonNull(handler, "handler");
    return this;
  }

  /**
   * How long a future that a step returns is awaited. Default: 10 seconds.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  @CanIgnoreReturnValue
  public PipelineBuilder<I, T, O> stepTimeout(Duration timeout) {
    stepTimeout = Checks.positive("the step timeout of pipeline '" + name + "'", timeout);
    return this;
  }

  /**
   * How many values may wait for a step and be in it. A full step holds up the one before it; if
   * the step where a value is submitted is full, it is refused. Default: without limit, in memory.
   *
   * @throws IllegalArgumentException if it is below one
   */
  @CanIgnoreReturnValue
  public PipelineBuilder<I, T, O> capacity(int values) {
    capacity = Checks.atLeastOne("the capacity of pipeline '" + name + "'", values);
    return this;
  }

  /**
   * How often a step is tried with a value before that becomes a dead letter. Default: 10.
   *
   * @throws IllegalArgumentException if it is below one
   */
  @CanIgnoreReturnValue
  public PipelineBuilder<I, T, O> attempts(int attempts) {
    this.attempts = Checks.atLeastOne("the attempts of pipeline '" + name + "'", attempts);
    return this;
  }

  /**
   * The pause before a step is tried again: anything from nothing to {@code first}, doubled with
   * each failure up to {@code longest}. Default: 100 ms and 5 seconds.
   *
   * @throws IllegalArgumentException if one is negative
   */
  @CanIgnoreReturnValue
  public PipelineBuilder<I, T, O> backoff(Duration first, Duration longest) {
    firstPause = Checks.notNegative("the first pause of pipeline '" + name + "'", first);
    longestPause = Checks.notNegative("the longest pause of pipeline '" + name + "'", longest);
    return this;
  }

  /**
   * How often a value may jump back, to an earlier step or the same, before it fails. Default: 100.
   *
   * @throws IllegalArgumentException if it is below one
   */
  @CanIgnoreReturnValue
  public PipelineBuilder<I, T, O> maxJumps(int jumps) {
    maxJumps = Checks.atLeastOne("the most jumps of pipeline '" + name + "'", jumps);
    return this;
  }

  /**
   * How long {@link Pipeline#result} can be asked for a result. Default: one hour. A member holds
   * the last 100,000 results.
   *
   * @throws IllegalArgumentException if it is negative
   */
  @CanIgnoreReturnValue
  public PipelineBuilder<I, T, O> keepResults(Duration time) {
    keepResults = Checks.notNegative("the keeping of results of pipeline '" + name + "'", time);
    return this;
  }

  /**
   * How long after a fan-out its elements must have come to the join, those that were dead letters
   * meanwhile too. What has come is kept in memory so long, and the value of an element that comes
   * later fails. Default: one day.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  @CanIgnoreReturnValue
  public PipelineBuilder<I, T, O> keepParts(Duration time) {
    keepParts = Checks.positive("the keeping of parts of pipeline '" + name + "'", time);
    return this;
  }

  /**
   * The deadline of values that are submitted without one of their own. Default: none.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  @CanIgnoreReturnValue
  public PipelineBuilder<I, T, O> deadline(Duration deadline) {
    this.deadline = Checks.positive("the deadline of pipeline '" + name + "'", deadline);
    return this;
  }

  /** This node submits values and asks for results; the steps run on others. */
  @CanIgnoreReturnValue
  public PipelineBuilder<I, T, O> submitOnly() {
    works = false;
    return this;
  }

  /** {@code start(Cluster.shared())}. */
  public Pipeline<I, O> start() {
    return start(Cluster.shared());
  }

  /**
   * Starts the pipeline on this node: its steps take values from now on.
   *
   * @throws IllegalArgumentException if it has no step, or a fan-out without join
   * @throws IllegalStateException if a pipeline of that name is started here already, or elsewhere
   *     with other steps, {@link #maxJumps}, {@link #deadline}, {@link #keepResults} or {@link
   *     #keepParts}, showing both, or with other limits of a step's queue, or if the cluster is
   *     closed
   */
  public Pipeline<I, O> start(Cluster cluster) {
    requireNonNull(cluster, "cluster");
    Definition definition = definition();
    Node node = cluster.unwrap(Node.class);
    return node.feature(PipelineFeature.class).start(cluster, definition, works);
  }

  private Definition definition() {
    if (drafts.isEmpty()) {
      throw new IllegalArgumentException(
          "pipeline '" + name + "' has no steps: add one with step(name, fn)");
    }
    if (open > 0) {
      throw new IllegalArgumentException(
          "pipeline '" + name + "' has a fan-out without a join: add join(name, fn) behind it");
    }
    List<StepDefinition> steps = new ArrayList<>();
    for (Draft draft : drafts) {
      steps.add(
          new StepDefinition(
              draft.name,
              steps.size(),
              draft.kind,
              draft.depth,
              draft.work,
              draft.options.concurrencyOr(concurrency),
              draft.options.awaitingOrDefault(),
              draft.options.timeoutOr(stepTimeout),
              draft.options.capacityOr(capacity),
              draft.options.isQueued(),
              draft.options.handlerOr(onError)));
    }
    return new Definition(
        name,
        steps,
        maxJumps,
        attempts,
        firstPause,
        longestPause,
        keepResults,
        keepParts,
        deadline);
  }
}
