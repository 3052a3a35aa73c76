/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.memogrid.queue.DeadLetter;
import org.memogrid.queue.MessageQueue;

/** The dead letters of a pipeline's queues. */
final class Graveyard implements DeadSteps {
  private final Definition definition;
  private final Map<String, MessageQueue<byte[]>> queues;
  private final Function<byte @Nullable [], @Nullable Object> decode;

  Graveyard(
      Definition definition,
      Map<String, MessageQueue<byte[]>> queues,
      Function<byte @Nullable [], @Nullable Object> decode) {
    this.definition = definition;
    this.queues = queues;
    this.decode = decode;
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
    return definition.steps.stream().mapToLong(s -> queue(s).deadLetters().redrive()).sum();
  }

  @Override
  public boolean redrive(String id) {
    requireNonNull(id, "id");
    boolean found = false;
    for (StepDefinition step : definition.steps) {
      for (DeadLetter<byte[]> letter : queue(step).deadLetters().browse().toList()) {
        if (Envelope.decode(letter.message().body()).id().equals(id)) {
          found |= queue(step).deadLetters().redrive(letter);
        }
      }
    }
    return found;
  }

  @Override
  public long purge() {
    return definition.steps.stream().mapToLong(s -> queue(s).deadLetters().purge()).sum();
  }
}
