/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memogrid.queue.MessageQueue;
import org.memogrid.queue.Publish;
import org.memogrid.queue.QueueFeature;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One value in one step on this member: carries out what its {@link Passage} wants. Thread-safe as
 * the {@link StepRunner} says.
 */
final class StepWork {
  private static final Logger LOG = LoggerFactory.getLogger(StepWork.class);

  private final PipelineHandle<?, ?> pipeline;
  private final Definition definition;
  private final StepDefinition step;
  private final StepRunner runner;
  private final Carried carried;
  private final Passage passage;
  private final Envelope arrived;
  private final Place place;
  private @Nullable List<byte @Nullable []> joined;
  private @Nullable Throwable thrown;
  private long began;

  StepWork(PipelineHandle<?, ?> pipeline, StepRunner runner, Carried carried, Passage passage) {
    this.pipeline = pipeline;
    this.definition = pipeline.definition();
    this.runner = runner;
    this.step = runner.step();
    this.carried = carried;
    this.passage = passage;
    this.arrived = passage.envelope();
    this.place = new Place(definition, step, passage.attempt(), arrived.id());
  }

  void begin() {
    perform(passage.begin(pipeline.now()));
  }

  /**
   * For who runs it, as the value runs on to this step.
   *
   * @param parcel what is published if it is not run here after all
   */
  QueueFeature.Task asTask(Act.Parcel parcel) {
    return new QueueFeature.Task() {
      @Override
      public void run() {
        begin();
      }

      @Override
      public void leave() {
        perform(new Act.Move(List.of(parcel), false));
      }
    };
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
      } else if (act instanceof Act.HandBack back) {
        handBack(back);
      } else if (act instanceof Act.Conclude conclude) {
        conclude(conclude);
      } else if (act instanceof Act.Ack) {
        forgetParts();
        carried.ack();
      } else if (act instanceof Act.Retry retry) {
        retry(retry);
      } else if (act instanceof Act.Bury bury) {
        carried.reject(bury.why());
      }
    } catch (RuntimeException | Error e) {
      LOG.warn("{} could not go on with {}: it comes again", this, carried, e);
      comeAgain(e);
    }
  }

  /** It is no failure of the step that its pipeline is closed here, or the cluster. */
  private void comeAgain(Throwable why) {
    if (pipeline.isClosed()) {
      carried.release();
    } else {
      carried.fail(why);
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
    if (pause == null && arrived.before().attempts() > 0) {
      pause = definition.pause(passage.attempt()); // the queue does not know of the first attempts
    }
    if (pause != null) {
      carried.nack(pause, retry.why());
    } else {
      Throwable cause = thrown;
      carried.fail(cause == null ? new IllegalStateException(retry.why()) : cause);
    }
  }

  private void handBack(Act.HandBack back) {
    Duration pause = back.pause();
    Publish options = Publish.normal();
    if (back.again()) {
      options = options.delay(pause == null ? definition.pause(passage.attempt()) : pause);
    }
    publish(List.of(back.parcel()), options, this::comeAgain);
  }

  private void move(Act.Move move) {
    List<Act.Parcel> parcels = move.parcels();
    if (move.mayRunOn()) {
      Act.Parcel only = parcels.get(0);
      if (pipeline.runner(only.to()).welcome(carried, passage, only)) {
        return; // whoever runs it there has the message
      }
    }
    publish(parcels, Publish.normal(), refused -> perform(passage.broken(Fault.of(refused))));
  }

  private void publish(
      List<Act.Parcel> parcels, Publish options, Consumer<IllegalArgumentException> refuse) {
    List<CompletableFuture<Void>> held = new ArrayList<>();
    try {
      for (Act.Parcel parcel : parcels) {
        held.add(publish(parcel, options));
      }
    } catch (IllegalArgumentException refused) {
      refuse.accept(refused);
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

  private CompletableFuture<Void> publish(Act.Parcel parcel, Publish plain) {
    String id = parcel.moveId();
    Publish options = id == null ? plain : plain.dedupeId(id);
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
    pipeline.hearing().tell(Progress.Kind.BEGUN, place, 0, null);
    Object result;
    try {
      joined = run.parts();
      result = step.work().run(input(), place);
    } catch (Throwable e) { // whatever it is, somebody waits for this value
      failed(e, false);
      return;
    }
    if (result instanceof CompletionStage<?> later) {
      runner.runs().awaits();
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
            + arrived.id()
            + " did not end in "
            + step.timeout()
            + "; give more time with timeout(...) or stepTimeout(...)",
        step.name(),
        passage.attempt(),
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
      if (step.kind() == StepDefinition.Kind.FAN_OUT && place.chosen() == null) {
        List<byte @Nullable []> elements = new ArrayList<>();
        if (result instanceof Collection<?> all) {
          all.forEach(element -> elements.add(encode(element)));
        } else {
          throw new IllegalArgumentException("a fan-out must return a collection, not " + result);
        }
        act = passage.returnedAll(elements, pipeline.now());
      } else {
        act = passage.returned(encode(result), place.chosen());
      }
    } catch (RuntimeException | Error e) {
      broken(e);
      return;
    }
    long took = System.nanoTime() - began;
    runner.counter().ran(took);
    runner.runs().ran(took);
    if (carried.at() != null) {
      runner.counter().ranOn(pipeline.now());
    }
    pipeline.hearing().tell(Progress.Kind.DONE, place, took, null);
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
    countFailure(e);
    perform(passage.broken(Fault.of(e)));
  }

  private void countFailure(Throwable error) {
    long took = System.nanoTime() - began;
    runner.counter().failed(took);
    runner.runs().ran(took);
    thrown = error;
    pipeline.hearing().tell(Progress.Kind.FAILED, place, took, error);
  }

  private void failed(Throwable error, boolean late) {
    countFailure(error);
    LOG.debug("{} failed on {}", this, carried, error);
    Fault fault = Fault.of(error);
    ErrorHandler handler = step.onError();
    Recovery recovery = null;
    if (handler != null) {
      place.handling();
      try {
        recovery = handler.handle(error, inputOrNull(), place);
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
    LOG.warn("{}: its error handler failed on value {}", this, arrived.id(), own);
    return new Fault(
        fault.type(),
        fault.text() + " (and then its error handler with " + Fault.text(own) + ")",
        fault.frames(),
        fault.thrown());
  }

  @Override
  public String toString() {
    return definition.at(step.name());
  }
}
