/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** A message in the queue and what has become of it so far. Changed by {@link QueueState} alone. */
final class Entry {
  enum Status {
    /** Nobody has it. */
    WAITING,
    /** A member has it. */
    HANDED,
    /** Nobody gets it any more, unless it is put back. */
    DEAD,
    /** It is no longer in the queue. */
    GONE
  }

  /** Who has a message. */
  record Handing(Tag tag, Member member, long subscription) {}

  final long seq;
  final Epoch born;
  final Letter letter;
  Status status = Status.WAITING;
  int hands;
  int failures;
  int crashes;
  long notBefore;
  @Nullable Handing handing;
  List<Attempt> history = List.of();
  @Nullable String cause;
  long diedAt;

  /** Where in the log it was added; only the dispatcher that added it knows. */
  long addedAt;

  /** Whether its producer sends it to the next home if no copy has it; only known there too. */
  boolean comesAgain;

  Entry(long seq, Epoch born, Letter letter) {
    this.seq = seq;
    this.born = born;
    this.letter = letter;
    this.notBefore = letter.traits.notBefore();
  }

  /** Where it is on the disk; only the dispatcher that writes it knows. */
  Batches.@Nullable Word word;

  /** One that shares nothing that changes. */
  Entry copy() {
    Entry copy = new Entry(seq, born, letter);
    copy.status = status;
    copy.hands = hands;
    copy.failures = failures;
    copy.crashes = crashes;
    copy.notBefore = notBefore;
    copy.handing = handing;
    copy.history = history;
    copy.cause = cause;
    copy.diedAt = diedAt;
    return copy;
  }

  /** How the consumer's count goes: 1 the first time. */
  int attempt() {
    return 1 + failures + crashes;
  }

  boolean isSuspect() {
    return crashes > 0;
  }

  int size() {
    return letter.size() + 32;
  }

  @Override
  public String toString() {
    return seq + ":" + letter + " " + status + " h" + hands + " f" + failures + " c" + crashes;
  }
}
