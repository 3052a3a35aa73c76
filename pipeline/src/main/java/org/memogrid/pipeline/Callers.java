/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.node.Outcomes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who waits here for the ends of a pipeline's values. Thread-safe.
 *
 * <p>Invariants: each future ends once, and it does so among the {@link Outcomes}: what depends on
 * it runs where it ends, and may wait for the next one's end. Nobody comes in after {@link #close}.
 */
final class Callers<O extends @Nullable Object> {
  private static final Logger LOG = LoggerFactory.getLogger(Callers.class);
  private static final long LOSS_GRACE_MILLIS = 2_000;

  private final Definition definition;
  private final Results results;
  private final Outcomes outcomes;
  private final ScheduledExecutorService scheduler;
  private final Function<byte @Nullable [], @Nullable Object> decode;
  private final Hearing hearing;
  private final Map<Pending, Boolean> pending = new ConcurrentHashMap<>();
  private volatile boolean closed;

  Callers(
      Definition definition,
      Results results,
      Outcomes outcomes,
      ScheduledExecutorService scheduler,
      Function<byte @Nullable [], @Nullable Object> decode,
      Hearing hearing) {
    this.definition = definition;
    this.results = results;
    this.outcomes = outcomes;
    this.scheduler = scheduler;
    this.decode = decode;
    this.hearing = hearing;
  }

  /**
   * Somebody begins to wait.
   *
   * @param submit what to do if nobody knows of an end; null if it was not submitted here
   * @throws IllegalStateException if they are closed
   */
  Pending begin(String id, @Nullable Consumer<Pending> submit) {
    Pending waiting = new Pending(id, submit);
    pending.put(waiting, true);
    if (closed) { // it may have come behind the last look of close()
      pending.remove(waiting);
      throw closed();
    }
    if (submit != null) {
      hearing.tell(Progress.Kind.SUBMITTED, id, StepContext.END, 0, 0, null);
    }
    return waiting;
  }

  IllegalStateException closed() {
    return new IllegalStateException(
        "pipeline '"
            + definition.name
            + "' is closed here: start it again with Pipeline.named(...)");
  }

  /** Values that were submitted here and have no end yet. */
  int underWay() {
    return (int) pending.keySet().stream().filter(p -> p.submit != null).count();
  }

  /** Lets all go who wait. */
  void close(String why) {
    closed = true;
    for (Pending waiting : List.copyOf(pending.keySet())) {
      waiting.refuse(new CancellationException(why));
    }
  }

  /** Values may be gone: nobody would ever answer those who wait for them. */
  void lost(StepDefinition step, String what) {
    List<Pending> doubtful = List.copyOf(pending.keySet());
    var unused =
        later(
            LOSS_GRACE_MILLIS,
            () -> doubtful.forEach(waiting -> waiting.refuse(gone(step, what, waiting.id))));
  }

  private PipelineException gone(StepDefinition step, String what, String id) {
    return new PipelineException(
        definition.at(step.name())
            + ": value "
            + id
            + " may be gone, since members were lost with all that they held ("
            + what
            + "); result(id) finds it if it was not, else submit it again",
        null);
  }

  private @Nullable ScheduledFuture<?> later(long millis, Runnable task) {
    try {
      return scheduler.schedule(task, millis, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException leaving) {
      LOG.debug("pipeline '{}' leaves, and lets all go who wait", definition.name, leaving);
      return null;
    }
  }

  /** Somebody who waits. */
  final class Pending implements Results.Ticket {
    final String id;
    final Submission<O> future;
    private final long began = System.nanoTime();
    private final @Nullable Consumer<Pending> submit;
    private volatile @Nullable ScheduledFuture<?> timer;

    private Pending(String id, @Nullable Consumer<Pending> submit) {
      this.id = id;
      this.submit = submit;
      this.future = new Submission<>(id, this::cancelled);
    }

    private String key() {
      return Definition.key(definition.name, id);
    }

    /** Looks for an end that is known. */
    void find() {
      results.find(key(), this);
      forgetIfOver();
    }

    /** Looks for an end that is known, and else submits it. */
    void join() {
      results.join(key(), this);
      forgetIfOver();
    }

    void expect(long deadline, long keep, @Nullable Outcome late) {
      results.expect(key(), deadline, keep, late, this);
      forgetIfOver();
    }

    /** Its end may have come before it was known that somebody waits: nobody would tell it. */
    private void forgetIfOver() {
      if (!pending.containsKey(this)) {
        results.forget(key(), this);
      }
    }

    void endIn(Duration limit, Supplier<Throwable> why) {
      timer = later(Checks.millis(limit), () -> refuse(why.get()));
    }

    private boolean leave() {
      ScheduledFuture<?> its = timer;
      if (its != null) {
        its.cancel(false);
      }
      return pending.remove(this) != null;
    }

    private void cancelled() {
      if (leave()) {
        results.forget(key(), this);
      }
    }

    /** Ends the waiting without the value's end. */
    void refuse(Throwable failure) {
      results.forget(key(), this);
      outcomes.add(List.of(() -> end(null, failure)));
    }

    @Override
    public void unknown() {
      Consumer<Pending> its = submit;
      if (its != null && !future.isDone()) {
        try {
          its.accept(this);
        } catch (RuntimeException | Error refused) {
          LOG.debug("value {} of pipeline '{}' was refused", id, definition.name, refused);
        }
      }
    }

    @Override
    public void ended(Outcome outcome) {
      if (outcome.kind() != Outcome.Kind.VALUE) {
        end(null, failure(outcome));
        return;
      }
      Object value;
      try {
        value = decode.apply(outcome.value());
      } catch (RuntimeException | Error e) {
        end(
            null,
            new PipelineException(
                "pipeline '"
                    + definition.name
                    + "': the result of value "
                    + id
                    + " can't be decoded here: "
                    + e.getMessage(),
                e));
        return;
      }
      end(value, null);
    }

    @Override
    public void abandoned(String why) {
      end(null, new CancellationException(why));
    }

    /** Once. */
    @SuppressWarnings({
      "unchecked",
      "NullAway"
    }) // null is a value; the type is the builder's affair
    private void end(@Nullable Object value, @Nullable Throwable failure) {
      if (!leave()) {
        return;
      }
      if (submit != null) {
        long took = System.nanoTime() - began;
        hearing.tell(Progress.Kind.ENDED, id, StepContext.END, 0, took, failure);
      }
      if (failure == null) {
        future.complete((O) value);
      } else {
        future.completeExceptionally(failure);
      }
    }
  }

  private static Throwable failure(Outcome outcome) {
    Fault fault = outcome.fault();
    Throwable cause = fault == null ? null : fault.toThrow();
    return switch (outcome.kind()) {
      case FAILED, DEAD, VALUE ->
          new StepFailedException(outcome.why(), outcome.step(), outcome.attempts(), cause);
      case STEP_LATE ->
          new StepTimeoutException(outcome.why(), outcome.step(), outcome.attempts(), cause);
      case HALTED -> new PipelineHaltedException(outcome.why(), outcome.step());
      case LATE -> new TimeoutException(outcome.why());
    };
  }
}
