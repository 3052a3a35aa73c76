/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** A decided result that a member holds. Not thread-safe. */
final class Kept {
  final String id;
  final String origin;
  final boolean chosen;
  final Outcome outcome;
  final long expiresAt;

  /** When it came here. */
  long since;

  /** The other member that holds it; null if there is none. */
  @Nullable Member partner;

  /** The partner's offer that this is; 0 if the partner has it as a copy. */
  long number;

  /** Whether the partner has not said yet that it has its copy. */
  boolean copyOut;

  /** Whether it was decided here in the place of its origin, which has not heard of it. */
  boolean inPlace;

  /** Own offers that end when the partner has it: most have one for a moment, or none at all. */
  private List<Long> unconfirmed = List.of();

  /**
   * @param chosen whether the id is the caller's
   * @param partner see there
   */
  Kept(
      String id,
      String origin,
      boolean chosen,
      Outcome outcome,
      long expiresAt,
      @Nullable Member partner) {
    this.id = id;
    this.origin = origin;
    this.chosen = chosen;
    this.outcome = outcome;
    this.expiresAt = expiresAt;
    this.partner = partner;
  }

  static Kept of(Mail.Offer offer, long expiresAt, @Nullable Member partner) {
    return new Kept(
        offer.id(), offer.origin(), offer.chosen(), offer.outcome(), expiresAt, partner);
  }

  static Kept of(Mail.Copy copy, Member partner) {
    return new Kept(
        copy.id(), copy.origin(), copy.chosen(), copy.outcome(), copy.expiresAt(), partner);
  }

  /** Whether no own offer waits for it. */
  boolean isConfirmed() {
    return unconfirmed.isEmpty();
  }

  /** An own offer ends when the partner has it. */
  void attach(long offer) {
    List<Long> more = new ArrayList<>(unconfirmed);
    more.add(offer);
    unconfirmed = List.copyOf(more);
  }

  /** In the place of what was held before: who waited for that waits for this. */
  void takeOver(Kept before) {
    before.unconfirmed.forEach(this::attach);
  }

  /** The partner has it. Those that waited for that, once. */
  List<Long> confirm() {
    List<Long> ended = unconfirmed;
    unconfirmed = List.of();
    return ended;
  }

  Mail.Copy copy() {
    return new Mail.Copy(id, origin, chosen, expiresAt, outcome);
  }
}
