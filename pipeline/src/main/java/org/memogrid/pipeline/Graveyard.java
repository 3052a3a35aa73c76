/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.memogrid.queue.DeadLetter;
import org.memogrid.queue.MessageQueue;

/** The dead letters of a pipeline's queues. */
final class Graveyard implements DeadSteps {
  private static final int TOGETHER = 1_000;

  private final Definition definition;
  private final Map<String, MessageQueue<byte[]>> queues;
  private final Function<byte @Nullable [], @Nullable Object> decode;
  private final Consumer<List<Death>> revive;
  private final LongSupplier clock;

  /**
   * @param revive has all members forget these deaths
   */
  Graveyard(
      Definition definition,
      Map<String, MessageQueue<byte[]>> queues,
      Function<byte @Nullable [], @Nullable Object> decode,
      Consumer<List<Death>> revive,
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
        cause(letter.cause()),
        attempts(letter.message().attempt() - 1, envelope.before().attempts()),
        letter.diedAt());
  }

  /** Put back, its attempts were counted anew, and those of before are none. */
  private int attempts(int counted, int before) {
    return before == 0 ? counted : Math.min(counted + before, definition.attempts);
  }

  private static String cause(String whole) {
    int at = whole.indexOf(Passage.GIVEN_UP);
    return at < 0 ? whole : whole.substring(at);
  }

  /** A dead letter, and where it is. */
  private record Grave(StepDefinition step, DeadLetter<byte[]> letter, Envelope envelope) {}

  private List<Grave> graves(Predicate<Envelope> which) {
    List<Grave> all = new ArrayList<>();
    for (StepDefinition step : definition.steps) {
      for (DeadLetter<byte[]> letter : queue(step).deadLetters().browse().toList()) {
        Envelope envelope = Envelope.decode(letter.message().body());
        if (which.test(envelope)) {
          all.add(new Grave(step, letter, envelope));
        }
      }
    }
    return all;
  }

  @Override
  public long redrive() {
    return putBack(graves(envelope -> !isLate(envelope)));
  }

  @Override
  public boolean redrive(String id) {
    requireNonNull(id, "id");
    List<Grave> graves = graves(envelope -> envelope.id().equals(id));
    for (Grave grave : graves) {
      if (isLate(grave.envelope)) {
        throw new IllegalStateException(
            definition.at(grave.step.name())
                + ": the deadline of value "
                + id
                + " has passed, so that no step would begin with it: submit what list() shows"
                + " of it again, with Submit.at(\""
                + grave.step.name()
                + "\")");
      }
    }
    return putBack(graves) > 0;
  }

  /** Those and no others: one that dies meanwhile has an end that nobody was made to forget. */
  private long putBack(List<Grave> graves) {
    for (int from = 0; from < graves.size(); from += TOGETHER) {
      List<Grave> some = graves.subList(from, Math.min(graves.size(), from + TOGETHER));
      revive.accept(some.stream().map(this::death).toList());
    }
    return graves.stream()
        .filter(grave -> queue(grave.step).deadLetters().redrive(grave.letter))
        .count();
  }

  private Death death(Grave grave) {
    String key = Definition.key(definition.name, grave.envelope.id());
    return new Death(key, grave.step.name(), grave.letter.diedAt().toEpochMilli());
  }

  private boolean isLate(Envelope envelope) {
    return envelope.deadline() != 0 && envelope.deadline() <= clock.getAsLong();
  }

  @Override
  public long purge() {
    return definition.steps.stream().mapToLong(s -> queue(s).deadLetters().purge()).sum();
  }
}
