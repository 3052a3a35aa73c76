/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A message's way through one step, from its delivery to its end: a pure core, each event gives the
 * next thing to do. Not thread-safe: there is one event at a time.
 *
 * <p>Invariant: the message is settled last, when what it led to is held by two members. If this
 * member is lost before, the message comes again elsewhere, and what it led to is recognised by its
 * id.
 *
 * <p>A value may run on to the next step under the message of the step before. What happens to it
 * there is told of the step where it is; if it must be tried again, or is to be a dead letter, it
 * goes to that step's queue, so that the message itself is never failed by another step than its
 * own. For the same reason a message that was out before takes its value one step and no further:
 * the member that had it may have been lost by any of the steps to which it ran on.
 */
final class Passage {
  /** Begins why a step gave up a message, in its dead letter: its value's end was told before. */
  static final String GIVEN_UP = "its step gave it up: ";

  /** Of the values that run on, in bytes. A queue takes a hundred times as much. */
  private static final int SMALL = 64 * 1024;

  private final Definition definition;
  private final StepDefinition step;
  private final int attempt;
  private final Way way;
  private final Rules rules;
  private Envelope envelope;
  private boolean joined;
  private Act last = new Act.Ack();

  /** How a value came to a step. */
  private enum Way {
    /** By a message that nobody had before. */
    FIRST,
    /** By a message that was out before. */
    AGAIN,
    /** From the step before, under that one's message. */
    RAN_ON
  }

  private Passage(
      Definition definition,
      StepDefinition step,
      Envelope envelope,
      int attempt,
      Way way,
      Rules rules) {
    this.definition = definition;
    this.step = step;
    this.envelope = envelope;
    this.attempt = attempt;
    this.way = way;
    this.rules = rules;
  }

  /**
   * Of a message that was handed out.
   *
   * @param attempt as its queue counts them
   * @param redelivered whether somebody had it before
   */
  static Passage of(
      Definition definition,
      StepDefinition step,
      Envelope envelope,
      int attempt,
      boolean redelivered,
      Rules rules) {
    // A dead letter that was put back is counted anew.
    int earlier = redelivered && attempt == 1 ? 0 : envelope.before().attempts();
    Way way = redelivered ? Way.AGAIN : Way.FIRST;
    return new Passage(definition, step, envelope, earlier + attempt, way, rules);
  }

  /** Of a value that runs on as a {@linkplain Act.Move#mayRunOn move} of this one allows. */
  Passage onTo(Act.Parcel parcel) {
    return new Passage(definition, parcel.to(), parcel.envelope(), 1, Way.RAN_ON, rules);
  }

  /** How often the step has the value now. */
  int attempt() {
    return attempt;
  }

  /** Never but in tests, which show that it loses values. */
  boolean settlesEarly() {
    return !rules.apply(Rule.MOVE_THEN_ACK);
  }

  /** As {@link #settlesEarly}, when the value runs on. */
  boolean settlesWhenRunningOn() {
    return !rules.apply(Rule.HOLD_WHILE_RUNNING_ON);
  }

  /** Whose value is worked on. Behind a join it is that which was fanned out. */
  Envelope envelope() {
    return envelope;
  }

  /** Whether all parts of its group are there, and it has gone on with them. */
  boolean hasJoined() {
    return joined;
  }

  // ---- events

  Act begin(long now) {
    String gaveUp = envelope.before().gaveUp();
    if (gaveUp != null && way == Way.FIRST) {
      return new Act.Bury(gaveUp); // its end was told when it was given up; put back, it goes on
    }
    if (envelope.deadline() != 0 && now >= envelope.deadline() && rules.apply(Rule.DROP_LATE)) {
      return conclude(late(definition, step.name(), attempt - 1), new Act.Ack());
    }
    if (step.kind() != StepDefinition.Kind.JOIN) {
      return new Act.Run(null);
    }
    if (envelope.last().count() == 0) {
      return join(List.of());
    }
    return rules.apply(Rule.STORE_THEN_LOOK) ? new Act.Store() : new Act.Look();
  }

  Act stored() {
    return rules.apply(Rule.STORE_THEN_LOOK) ? new Act.Look() : new Act.Ack();
  }

  /**
   * Parts were looked for.
   *
   * @param parts all of them, in order; null if one is missing
   */
  Act looked(@Nullable List<byte @Nullable []> parts, long now) {
    if (parts != null) {
      return join(parts);
    }
    if (now - envelope.last().since() >= definition.keepParts.toMillis()
        && rules.apply(Rule.TELL_OF_LOST_PARTS)) {
      return conclude(lostParts(), new Act.Ack());
    }
    return rules.apply(Rule.STORE_THEN_LOOK) ? new Act.Ack() : new Act.Store();
  }

  /**
   * Parts go when their time is over, so that nobody after that can say whether one is still to
   * come or has gone. No part goes before, so whoever looks last finds all of them or ends here.
   */
  private Outcome lostParts() {
    IllegalStateException lost =
        new IllegalStateException(
            "not all of the "
                + envelope.last().count()
                + " elements of its fan-out came within "
                + definition.keepParts
                + ": submit it again, or give more time with keepParts(...)");
    return outcome(Outcome.Kind.FAILED, String.valueOf(lost.getMessage()), Fault.of(lost));
  }

  private Act join(List<byte @Nullable []> parts) {
    envelope = envelope.joined();
    joined = true;
    return new Act.Run(parts);
  }

  /**
   * The step has returned.
   *
   * @param goTo the step that it chose; null for the next one
   */
  Act returned(byte @Nullable [] value, @Nullable String goTo) {
    return goTo == null ? to(definition.next(step), value) : jump(goTo, value);
  }

  /** A fan-out has returned. */
  Act returnedAll(List<byte @Nullable []> elements, long now) {
    StepDefinition next = definition.next(step);
    if (next == null) {
      throw new IllegalStateException("a fan-out is last: " + definition.at(step.name()));
    }
    if (elements.isEmpty()) {
      StepDefinition join = definition.join(next, step.depthAfter());
      return move(List.of(parcel(join == null ? next : join, envelope.branch(0, 0, 0, now, null))));
    }
    long print = print(elements);
    List<Act.Parcel> parcels = new ArrayList<>();
    for (int i = 0; i < elements.size(); i++) {
      Envelope element = envelope.branch(print, i, elements.size(), now, elements.get(i));
      parcels.add(parcel(next, element));
    }
    return move(parcels);
  }

  /**
   * The same for the same elements. Without it a value would be stuck: 1. a run that makes three
   * elements publishes the first and is lost with its member; 2. the next run makes two, the first
   * of which is taken for known; 3. nobody ever makes a third.
   */
  private long print(List<byte @Nullable []> elements) {
    if (!rules.apply(Rule.ONE_GROUP_PER_RESULT)) {
      return 0;
    }
    long print = elements.size();
    for (byte[] element : elements) {
      print = 31 * print + Arrays.hashCode(element);
    }
    return print;
  }

  /**
   * The step has failed.
   *
   * @param late whether its future did not end in time
   * @param asked whether there was a handler
   * @param recovery what the handler says; null if it said nothing
   * @param value of the recovery, encoded
   */
  Act failed(
      Fault fault,
      boolean late,
      boolean asked,
      @Nullable Recovery recovery,
      byte @Nullable [] value) {
    if (recovery == null) {
      return late && !asked ? bury(Outcome.Kind.STEP_LATE, fault) : retry(null, fault);
    }
    return switch (recovery.kind()) {
      case RETRY -> retry(recovery.delay(), fault);
      case JUMP -> jump(recovery.step(), value);
      case HALT ->
          conclude(
              new Outcome(
                  Outcome.Kind.HALTED,
                  null,
                  step.name(),
                  attempt,
                  definition.at(step.name())
                      + ": its error handler halted value "
                      + envelope.id()
                      + " after "
                      + fault.text(),
                  fault),
              new Act.Ack());
      case FAIL -> {
        Fault chosen = Fault.of(recovery.error());
        yield conclude(
            outcome(
                Outcome.Kind.FAILED, "its error handler gave it up with " + chosen.text(), chosen),
            new Act.Ack());
      }
    };
  }

  /** The step can't go on with this value, however often it is tried. */
  Act broken(Fault fault) {
    return bury(Outcome.Kind.DEAD, fault);
  }

  /** All that was published is held by two members. */
  Act moved() {
    return new Act.Ack();
  }

  /** The value's end is held by two members. */
  Act concluded() {
    return last;
  }

  // ---- decisions

  private Act retry(@Nullable Duration pause, Fault fault) {
    if (attempt >= definition.attempts) {
      return bury(Outcome.Kind.DEAD, fault);
    }
    return way == Way.RAN_ON
        ? new Act.HandBack(back(new Envelope.Before(counted(), null)), true, pause)
        : new Act.Retry(pause, fault.text());
  }

  private int counted() {
    return rules.apply(Rule.COUNT_WHAT_RAN_ON) ? attempt : 0;
  }

  /** To its own step. It has the id of any other run of the step before, and comes in once. */
  private Act.Parcel back(Envelope.Before before) {
    Envelope again = envelope.with(before);
    return new Act.Parcel(step, again, rules.apply(Rule.MOVE_ONCE), true);
  }

  private Act bury(Outcome.Kind kind, Fault fault) {
    String what = attempt + (attempt == 1 ? " attempt failed" : " attempts failed, the last");
    String why = what + " with " + fault.text();
    String grave = GIVEN_UP + why;
    return conclude(
        outcome(
            kind,
            why + "; it is a dead letter: Pipeline.deadLetters() shows it and puts it back",
            fault),
        way == Way.RAN_ON
            ? new Act.HandBack(back(new Envelope.Before(0, grave)), false, null)
            : new Act.Bury(grave));
  }

  private Outcome outcome(Outcome.Kind kind, String why, Fault fault) {
    String text = definition.at(step.name()) + " failed on value " + envelope.id() + ": " + why;
    return new Outcome(kind, null, step.name(), attempt, text, fault);
  }

  static Outcome late(Definition definition, String step, int attempts) {
    return new Outcome(
        Outcome.Kind.LATE,
        null,
        step,
        attempts,
        (step.equals(StepContext.END) ? "pipeline '" + definition.name + "'" : definition.at(step))
            + ": the deadline has passed; give more time, or more concurrency where values wait"
            + " (Pipeline.describe() shows where)",
        null);
  }

  private Act jump(String target, byte @Nullable [] value) {
    if (target.equals(StepContext.END)) {
      return to(null, value);
    }
    StepDefinition to = definition.target(step, target);
    boolean back = to.index() <= step.index();
    if (back && envelope.jumps() >= definition.maxJumps && rules.apply(Rule.LIMIT_JUMPS)) {
      IllegalStateException cycle =
          new IllegalStateException(
              "it jumped back more than "
                  + definition.maxJumps
                  + " times, now to '"
                  + target
                  + "': end the cycle, or allow more with maxJumps(...)");
      return conclude(
          outcome(Outcome.Kind.FAILED, String.valueOf(cycle.getMessage()), Fault.of(cycle)),
          new Act.Ack());
    }
    return move(List.of(parcel(to, envelope.next(value, back ? 1 : 0))));
  }

  private Act to(@Nullable StepDefinition next, byte @Nullable [] value) {
    StepDefinition to = next;
    if (to == null && !envelope.branches().isEmpty()) {
      to = definition.join(step, envelope.branches().size());
    }
    if (to == null) {
      return conclude(Outcome.value(value, step.name(), attempt), new Act.Ack());
    }
    return move(List.of(parcel(to, envelope.next(value, 0))));
  }

  private Act.Parcel parcel(StepDefinition to, Envelope next) {
    return new Act.Parcel(to, next, rules.apply(Rule.MOVE_ONCE), to.index() <= step.index());
  }

  private Act move(List<Act.Parcel> parcels) {
    return new Act.Move(parcels, parcels.size() == 1 && mayRunOn(parcels.get(0)));
  }

  /**
   * Not back, or there were no end of it under one message; not to a join, which looks for parts in
   * a cache; not where the values of a step are counted, which its queue does; and not if what
   * fails there could not be tried again, or might not get into the queue for that.
   */
  private boolean mayRunOn(Act.Parcel parcel) {
    StepDefinition to = parcel.to();
    byte[] value = parcel.envelope().value();
    return (way != Way.AGAIN || !rules.apply(Rule.RUN_ON_ONCE))
        && !parcel.beyond()
        && to.kind() != StepDefinition.Kind.JOIN
        && to.capacity() == 0
        && !to.queued()
        && (value == null || value.length <= SMALL)
        && definition.attempts > 1;
  }

  private Act conclude(Outcome outcome, Act then) {
    last = then;
    return new Act.Conclude(outcome);
  }
}
