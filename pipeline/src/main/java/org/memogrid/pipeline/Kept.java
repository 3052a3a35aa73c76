/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** A decided result that a member holds. Not thread-safe. */
final class Kept {
  final String origin;
  final Outcome outcome;
  final long expiresAt;

  /** The other member that holds it; null if there is none. */
  @Nullable Member partner;

  /** The partner's offer that this is; 0 if the partner has it as a copy. */
  long number;

  /** Whether the partner has not said yet that it has its copy. */
  boolean copyOut;

  /** Whether it was decided here in the place of its origin, which has not heard of it. */
  boolean inPlace;

  /** Own offers that end when the partner has it. */
  final List<Long> unconfirmed = new ArrayList<>();

  Kept(String origin, Outcome outcome, long expiresAt, @Nullable Member partner) {
    this.origin = origin;
    this.outcome = outcome;
    this.expiresAt = expiresAt;
    this.partner = partner;
  }
}
