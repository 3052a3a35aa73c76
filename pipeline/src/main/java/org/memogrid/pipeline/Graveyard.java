/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.queue.DeadLetter;
import org.memogrid.queue.DeadLetters;
import org.memogrid.queue.MessageQueue;

/** The dead letters of a pipeline's queues. */
final class Graveyard implements DeadSteps {
  private static final int TOGETHER = 1_000;

  private final Definition definition;
  private final Map<String, MessageQueue<byte[]>> queues;
  private final Function<byte @Nullable [], @Nullable Object> decode;
  private final Consumer<List<String>> revive;
  private final LongSupplier clock;

  /**
   * @param revive has all members forget how the values of these ids ended
   */
  Graveyard(
      Definition definition,
      Map<String, MessageQueue<byte[]>> queues,
      Function<byte @Nullable [], @Nullable Object> decode,
      Consumer<List<String>> revive,
      LongSupplier clock) {
    this.definition = definition;
    this.queues = queues;
    this.decode = decode;
    this.revive = revive;
    this.clock = clock;
  }

  private MessageQueue<byte[]> queue(StepDefinition step) {
    return requireNonNull(queues.get(step.name()), step.name());
  }

  @Override
  public List<DeadStep> list() {
    List<DeadStep> all = new ArrayList<>();
    for (StepDefinition step : definition.steps) {
      queue(step).deadLetters().browse().forEach(letter -> all.add(dead(step, letter)));
    }
    return all;
  }

  private DeadStep dead(StepDefinition step, DeadLetter<byte[]> letter) {
    Envelope envelope = Envelope.decode(letter.message().body());
    return new DeadStep(
        envelope.id(),
        step.name(),
        decode.apply(envelope.value()),
        letter.cause(),
        letter.message().attempt() - 1,
        letter.diedAt());
  }

  @Override
  public long redrive() {
    return definition.steps.stream().mapToLong(this::redriveAll).sum();
  }

  private long redriveAll(StepDefinition step) {
    DeadLetters<byte[]> letters = queue(step).deadLetters();
    List<String> ids = new ArrayList<>();
    boolean late = false;
    for (DeadLetter<byte[]> letter : letters.browse().toList()) {
      Envelope envelope = Envelope.decode(letter.message().body());
      late |= isLate(envelope);
      ids.add(envelope.id());
    }
    for (int from = 0; from < ids.size(); from += TOGETHER) {
      revive.accept(List.copyOf(ids.subList(from, Math.min(ids.size(), from + TOGETHER))));
    }
    if (!late) {
      return letters.redrive();
    }
    return letters.browse().toList().stream()
        .filter(letter -> !isLate(Envelope.decode(letter.message().body())))
        .filter(letters::redrive)
        .count();
  }

  @Override
  public boolean redrive(String id) {
    requireNonNull(id, "id");
    boolean found = false;
    for (StepDefinition step : definition.steps) {
      DeadLetters<byte[]> letters = queue(step).deadLetters();
      for (DeadLetter<byte[]> letter : letters.browse().toList()) {
        Envelope envelope = Envelope.decode(letter.message().body());
        if (envelope.id().equals(id)) {
          if (isLate(envelope)) {
            throw new IllegalStateException(
                definition.at(step.name())
                    + ": the deadline of value "
                    + id
                    + " has passed, so that no step would begin with it: submit what list() shows"
                    + " of it again, with Submit.at(\""
                    + step.name()
                    + "\")");
          }
          revive.accept(List.of(id));
          found |= letters.redrive(letter);
        }
      }
    }
    return found;
  }

  private boolean isLate(Envelope envelope) {
    return envelope.deadline() != 0 && envelope.deadline() <= clock.getAsLong();
  }

  @Override
  public long purge() {
    return definition.steps.stream().mapToLong(s -> queue(s).deadLetters().purge()).sum();
  }
}
