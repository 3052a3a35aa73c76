/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** All that one member has to say to another about results, in one message. Immutable. */
record Mail(
    List<Offer> offers,
    List<Verdict> verdicts,
    List<Copy> copies,
    List<String> copied,
    List<Inquiry> inquiries,
    List<Answer> answers) {
  /**
   * The sender has a result, and keeps it until it hears what is decided.
   *
   * @param number of the sender's own
   * @param origin the id of the member where the value was submitted
   * @param chosen whether the id is its caller's
   * @param keep how long the result is kept, in milliseconds
   * @param death of a message without a step that says so; null if it is something else
   */
  record Offer(
      long number,
      String id,
      String origin,
      boolean chosen,
      long keep,
      Outcome outcome,
      @Nullable Death death) {}

  /**
   * It is decided.
   *
   * @param yours whether it is what the receiver offered, which then keeps it as the second member
   * @param expiresAt in milliseconds of the epoch
   */
  record Verdict(long number, boolean yours, long expiresAt) {}

  /** A decided result, for the receiver to keep as well. */
  record Copy(String id, String origin, boolean chosen, long expiresAt, Outcome outcome) {}

  /** Asks what the receiver knows to be decided. */
  record Inquiry(long number, String id) {}

  /**
   * Answers an inquiry.
   *
   * @param outcome null if it knows of none
   */
  record Answer(long number, @Nullable Outcome outcome) {}
}
