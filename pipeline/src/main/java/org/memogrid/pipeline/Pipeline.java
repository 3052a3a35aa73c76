/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import com.google.errorprone.annotations.CheckReturnValue;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Registration;

/**
 * A named composition of steps, each a function of one argument, joined by queues: each step is run
 * by its own threads, on any node that has started the pipeline, and who submits a value has the
 * result as a future.
 *
 * <p><b>Contract.</b> Steps run at least once: again if they fail, if their node is lost, if a node
 * is taken for lost that is not, and on both sides of a cluster that is cut in two. A value that
 * was taken in is worked on until it has an end, whatever one member is lost meanwhile, and it has
 * one end: the first result stands, for its caller and for all who ask for it by its id.
 *
 * <p>A value may run on to a step whose runs are short without its queue, on the same node: then
 * the steps since the last queue run again if that is lost; {@link Step#queued} prevents it.
 *
 * <p>Values wait in {@linkplain org.memogrid.queue.MessageQueue queues}, in the memory of two
 * members; so do results, for as long as {@link PipelineBuilder#keepResults} says. Values are
 * encoded by the cluster's codec and must be of classes that it allows; null is a value.
 *
 * <p>Thread-safe.
 *
 * <pre>{@code
 * Pipeline<String, String> p =
 *     Pipeline.<String, String>named("shout")
 *         .step("upper", text -> text.toUpperCase())
 *         .step("mark", text -> text + "!")
 *         .start(cluster);
 * String shouted = p.submit("ham").get(1, TimeUnit.MINUTES); // HAM!
 * }</pre>
 *
 * @param <I> what goes in
 * @param <O> what comes out
 */
public interface Pipeline<I extends @Nullable Object, O extends @Nullable Object>
    extends AutoCloseable {
  /**
   * Begins to define a pipeline.
   *
   * @param name the same on all nodes that have it, and unique on each
   * @throws IllegalArgumentException if it is blank
   */
  @CheckReturnValue
  static <I extends @Nullable Object, O extends @Nullable Object> PipelineBuilder<I, I, O> named(
      String name) {
    return new PipelineBuilder<>(name);
  }

  /** The name it was started with. */
  String name();

  /** The names of its steps, in order. */
  List<String> steps();

  /**
   * Has a value worked on, and returns at once. The future completes on a thread of the pipeline's
   * own, which what depends on it may block, and always ends:
   *
   * <ul>
   *   <li>with what the last step returned;
   *   <li>with {@link StepFailedException} if a step's attempts are spent, or its error handler
   *       gave it up, and {@link StepTimeoutException} if its future did not end in time;
   *   <li>with {@link PipelineHaltedException} if an error handler halted it;
   *   <li>with {@link java.util.concurrent.TimeoutException} if its deadline has passed;
   *   <li>with {@link org.memogrid.queue.QueueFullException} if the step where it enters is full;
   *   <li>with {@link java.util.concurrent.CancellationException} if the pipeline or the cluster is
   *       closed here; the work goes on elsewhere;
   *   <li>with {@link PipelineException} if members were lost with all that they held of a step's
   *       queue, since the value may have been there.
   * </ul>
   *
   * @throws IllegalArgumentException if the value can't be encoded, naming the pipeline and the
   *     step
   * @throws IllegalStateException if the pipeline is closed here
   */
  Submission<O> submit(I value);

  /**
   * {@link #submit(Object)} with options.
   *
   * @throws IllegalArgumentException also if there is no such step to enter at, naming those there
   *     are
   */
  Submission<O> submit(I value, Submit options);

  /**
   * The result of a value that was submitted here or on another node, also if that one is lost.
   * Ends as the submitter's future does, at once if the end is known; asks all members until then.
   *
   * @return fails with {@link java.util.concurrent.TimeoutException} if no end is known within the
   *     time that results are kept: then it was not submitted, or is too old, or takes longer
   * @throws IllegalStateException if the pipeline is closed here
   */
  CompletableFuture<O> result(String id);

  /**
   * {@link #result(String)} with a timeout of the caller's.
   *
   * @throws IllegalArgumentException also if it is not positive
   */
  CompletableFuture<O> result(String id, Duration timeout);

  /** Values that nobody works on any more. */
  DeadSteps deadLetters();

  /**
   * Hands values to no step, in the whole cluster, until {@link #resume}. Those that nodes have
   * already, some 20 ms of work, go on, to later steps for 200 ms.
   */
  void pause();

  /** Hands out again. */
  void resume();

  /** How the steps do. Asks all members, and waits for those that answer within a second. */
  List<StepStats> stats();

  /** How many values that were submitted here have no end yet. */
  int underWay();

  /** The pipeline as a picture in text, with its rates. Asks as {@link #stats} does. */
  String describe();

  /** Has a listener hear what happens on this node. */
  Registration onProgress(ProgressListener listener);

  /**
   * Ends this node's part: its steps take no more values, those that they work on are finished, as
   * far as that takes no more than some seconds, and who waits for a result here gets a {@link
   * java.util.concurrent.CancellationException}. Values stay in the cluster. Closing again does
   * nothing.
   */
  @Override
  void close();
}
