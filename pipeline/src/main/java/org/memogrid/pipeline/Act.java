/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a {@link Passage} wants done next. All but the last ones end in an event. */
sealed interface Act {
  /** Run the step: {@link Passage#returned}, {@link Passage#failed} or {@link Passage#broken}. */
  record Run(@Nullable List<byte @Nullable []> parts) implements Act {}

  /** Keep the message's value as a part of its group: {@link Passage#stored}. */
  record Store() implements Act {}

  /** See whether all parts of the group are there: {@link Passage#looked}. */
  record Look() implements Act {}

  /**
   * Publish these: {@link Passage#moved} when all are held by two members.
   *
   * @param mayRunOn whether it may go through {@link Passage#onTo} in place of that, under the
   *     message as it is
   */
  record Move(List<Parcel> parcels, boolean mayRunOn) implements Act {}

  /**
   * One message.
   *
   * @param once whether of those with its {@link #moveId} one comes into the queue
   * @param beyond whether it comes in though the queue is full
   */
  record Parcel(StepDefinition to, Envelope envelope, boolean once, boolean beyond) {
    /** null if all come in. */
    @Nullable String moveId() {
      return once ? envelope.moveId() : null;
    }
  }

  /**
   * A value that ran on to this step and failed: publish it to the step's own queue, as {@link
   * Move} does.
   *
   * @param again whether it is tried again, after a pause
   * @param pause null for one as the queue would make
   */
  record HandBack(Parcel parcel, boolean again, @Nullable Duration pause) implements Act {}

  /** The value has an end: {@link Passage#concluded} when that is held by two members. */
  record Conclude(Outcome outcome) implements Act {}

  /** The message is handled. */
  record Ack() implements Act {}

  /**
   * The message comes again.
   *
   * @param pause null for the queue's own
   */
  record Retry(@Nullable Duration pause, String why) implements Act {}

  /** The message becomes a dead letter. */
  record Bury(String why) implements Act {}
}
