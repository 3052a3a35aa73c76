/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.memogrid.queue.Message;
import org.memogrid.queue.MessageQueue;
import org.memogrid.queue.Publish;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One message in one step on this member: carries out what its {@link Passage} wants. Thread-safe
 * as the {@link StepRunner} says.
 */
final class StepWork implements StepContext {
  private static final Logger LOG = LoggerFactory.getLogger(StepWork.class);

  private final PipelineHandle<?, ?> pipeline;
  private final Definition definition;
  private final StepDefinition step;
  private final StepCounter counter;
  private final Message<byte[]> message;
  private final Passage passage;
  final CompletableFuture<@Nullable Void> end = new CompletableFuture<>();
  private final Envelope arrived;
  private @Nullable List<byte @Nullable []> joined;
  private @Nullable String goTo;
  private @Nullable Throwable thrown;
  private boolean handling;
  private long began;

  StepWork(
      PipelineHandle<?, ?> pipeline,
      StepDefinition step,
      StepCounter counter,
      Message<byte[]> message) {
    this.pipeline = pipeline;
    this.definition = pipeline.definition();
    this.step = step;
    this.counter = counter;
    this.message = message;
    this.arrived = Envelope.decode(message.body());
    this.passage = new Passage(definition, step, arrived, message.attempt(), Rules.all());
  }

  void begin() {
    perform(passage.begin(pipeline.now()));
  }

  // ---- acts

  private void perform(Act act) {
    try {
      if (act instanceof Act.Run run) {
        run(run);
      } else if (act instanceof Act.Store) {
        pipeline.parts().store(group(), arrived.last().index(), arrived.value());
        perform(passage.stored());
      } else if (act instanceof Act.Look) {
        perform(
            passage.looked(pipeline.parts().all(group(), arrived.last().count()), pipeline.now()));
      } else if (act instanceof Act.Move move) {
        move(move);
      } else if (act instanceof Act.Conclude conclude) {
        conclude(conclude);
      } else if (act instanceof Act.Ack) {
        forgetParts();
        end.complete(null);
      } else if (act instanceof Act.Retry retry) {
        retry(retry);
      } else if (act instanceof Act.Bury bury) {
        message.reject(bury.why());
        end.complete(null);
      }
    } catch (RuntimeException | Error e) {
      LOG.warn("{} could not go on with {}: it comes again", this, message, e);
      comeAgain(e);
    }
  }

  /** It is no failure of the step that its pipeline is closed here, or the cluster. */
  private void comeAgain(Throwable why) {
    if (pipeline.isClosed()) {
      message.release();
      end.complete(null);
    } else {
      end.completeExceptionally(why);
    }
  }

  private String group() {
    return Definition.key(definition.name, arrived.group());
  }

  /** Of a join that has gone on. Nobody waits for it, and what stays behind expires. */
  private void forgetParts() {
    int count = passage.hasJoined() ? arrived.last().count() : 0;
    if (count > 0) {
      try {
        pipeline.threads().execute(() -> pipeline.parts().forget(group(), count));
      } catch (RejectedExecutionException leaving) {
        LOG.debug("the parts of {} stay until they expire", group(), leaving);
      }
    }
  }

  private void retry(Act.Retry retry) {
    Duration pause = retry.pause();
    if (pause != null) {
      message.nack(pause, retry.why());
      end.complete(null);
    } else {
      Throwable cause = thrown;
      end.completeExceptionally(cause == null ? new IllegalStateException(retry.why()) : cause);
    }
  }

  private void move(Act.Move move) {
    List<CompletableFuture<Void>> held = new ArrayList<>();
    try {
      for (Act.Parcel parcel : move.parcels()) {
        held.add(publish(parcel));
      }
    } catch (IllegalArgumentException refused) {
      perform(passage.broken(Fault.of(refused)));
      return;
    }
    CompletableFuture<?> all =
        held.size() == 1
            ? held.get(0)
            : CompletableFuture.allOf(held.toArray(new CompletableFuture<?>[0]));
    var unused =
        all.whenComplete(
            (done, failure) -> {
              if (failure == null) {
                perform(passage.moved());
              } else {
                comeAgain(failure);
              }
            });
  }

  private CompletableFuture<Void> publish(Act.Parcel parcel) {
    Publish options = Publish.normal();
    String id = parcel.moveId();
    options = id == null ? options : options.dedupeId(id);
    options = parcel.beyond() ? options.beyondCapacity() : options;
    MessageQueue<byte[]> queue = pipeline.queue(parcel.to());
    return queue.publishAsync(parcel.envelope().encode(), options);
  }

  private void conclude(Act.Conclude conclude) {
    Envelope envelope = passage.envelope();
    pipeline
        .results()
        .offer(
            Definition.key(definition.name, envelope.id()),
            envelope.origin(),
            envelope.chosen(),
            envelope.keep(),
            conclude.outcome(),
            new Results.Ticket() {
              @Override
              public void concluded() {
                perform(passage.concluded());
              }

              @Override
              public void abandoned(String why) {
                comeAgain(new IllegalStateException(why));
              }
            });
  }

  // ---- the step

  private void run(Act.Run run) {
    began = System.nanoTime();
    pipeline.hearing().tell(Progress.Kind.BEGUN, this, 0, null);
    Object result;
    try {
      joined = run.parts();
      result = step.work().run(input(), this);
    } catch (Throwable e) { // whatever it is, somebody waits for this value
      failed(e, false);
      return;
    }
    if (result instanceof CompletionStage<?> later) {
      await(later);
    } else {
      returned(result);
    }
  }

  /** A new one each time: who had the last one may have changed it. */
  private @Nullable Object input() {
    List<byte @Nullable []> parts = joined;
    return parts == null ? pipeline.decode(arrived.value()) : decoded(parts);
  }

  /** null if it can't be decoded, which is what failed then. */
  private @Nullable Object inputOrNull() {
    try {
      return input();
    } catch (RuntimeException | Error e) {
      LOG.debug("{}: its error handler gets no input", this, e);
      return null;
    }
  }

  private List<@Nullable Object> decoded(List<byte @Nullable []> parts) {
    List<@Nullable Object> values = new ArrayList<>();
    parts.forEach(part -> values.add(pipeline.decode(part)));
    return values;
  }

  private void await(CompletionStage<?> later) {
    Awaited.begin(
        later,
        step.timeout(),
        pipeline.scheduler(),
        new Awaited.End() {
          @Override
          public void returned(@Nullable Object result) {
            elsewhere(() -> StepWork.this.returned(result));
          }

          @Override
          public void failed(Throwable error) {
            elsewhere(() -> StepWork.this.failed(error, false));
          }

          @Override
          public void late() {
            elsewhere(() -> StepWork.this.failed(timedOut(), true));
          }
        });
  }

  private StepTimeoutException timedOut() {
    return new StepTimeoutException(
        definition.at(step.name())
            + ": the future that it returned for value "
            + id()
            + " did not end in "
            + step.timeout()
            + "; give more time with timeout(...) or stepTimeout(...)",
        step.name(),
        attempt(),
        null);
  }

  private void elsewhere(Runnable task) {
    try {
      pipeline.threads().execute(task);
    } catch (RejectedExecutionException leaving) {
      comeAgain(leaving);
    }
  }

  private void returned(@Nullable Object result) {
    Act act;
    try {
      if (step.kind() == StepDefinition.Kind.FAN_OUT && goTo == null) {
        List<byte @Nullable []> elements = new ArrayList<>();
        if (result instanceof Collection<?> all) {
          all.forEach(element -> elements.add(encode(element)));
        } else {
          throw new IllegalArgumentException("a fan-out must return a collection, not " + result);
        }
        act = passage.returnedAll(elements, pipeline.now());
      } else {
        act = passage.returned(encode(result), goTo);
      }
    } catch (RuntimeException | Error e) {
      broken(e);
      return;
    }
    long took = System.nanoTime() - began;
    counter.ran(took);
    pipeline.hearing().tell(Progress.Kind.DONE, this, took, null);
    perform(act);
  }

  private byte @Nullable [] encode(@Nullable Object value) {
    try {
      return pipeline.encode(value);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(
          definition.at(step.name()) + ": what it made can't go on: " + e.getMessage(), e);
    }
  }

  private void broken(Throwable e) {
    counter.failed(System.nanoTime() - began);
    pipeline.hearing().tell(Progress.Kind.FAILED, this, System.nanoTime() - began, e);
    thrown = e;
    perform(passage.broken(Fault.of(e)));
  }

  private void failed(Throwable error, boolean late) {
    long took = System.nanoTime() - began;
    counter.failed(took);
    thrown = error;
    pipeline.hearing().tell(Progress.Kind.FAILED, this, took, error);
    LOG.debug("{} failed on {}", this, message, error);
    Fault fault = Fault.of(error);
    ErrorHandler handler = step.onError();
    Recovery recovery = null;
    if (handler != null) {
      handling = true;
      try {
        recovery = handler.handle(error, inputOrNull(), this);
        if (recovery == null) {
          throw new NullPointerException("the error handler returned null: return a Recovery");
        }
      } catch (Throwable e) { // as if there were no handler
        fault = e == error ? fault : withHandler(fault, e);
      }
    }
    Act act;
    try {
      boolean jumps = recovery != null && recovery.kind() == Recovery.Kind.JUMP;
      byte[] value = jumps && recovery != null ? encode(recovery.value()) : null;
      act = passage.failed(fault, late, handler != null, recovery, value);
    } catch (RuntimeException | Error e) {
      perform(passage.broken(withHandler(fault, e)));
      return;
    }
    perform(act);
  }

  private Fault withHandler(Fault fault, Throwable own) {
    LOG.warn("{}: its error handler failed on value {}", this, id(), own);
    return new Fault(
        fault.type(),
        fault.text() + " (and then its error handler with " + Fault.text(own) + ")",
        fault.frames(),
        fault.thrown());
  }

  // ---- the context

  @Override
  public String pipeline() {
    return definition.name;
  }

  @Override
  public String currentStep() {
    return step.name();
  }

  @Override
  public String nextStep() {
    StepDefinition next = definition.next(step);
    return next == null ? END : next.name();
  }

  @Override
  public int attempt() {
    return message.attempt();
  }

  @Override
  public String id() {
    return arrived.id();
  }

  @Override
  public void goTo(String target) {
    java.util.Objects.requireNonNull(target, "step");
    if (handling) {
      throw new IllegalStateException(
          definition.at(step.name())
              + ": its error handler can't goTo('"
              + target
              + "'): return Recovery.jump(...)");
    }
    if (!target.equals(END)) {
      var unused = Passage.target(definition, step, target);
    }
    goTo = target;
  }

  @Override
  public String toString() {
    return definition.at(step.name());
  }
}
