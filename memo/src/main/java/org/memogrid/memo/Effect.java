/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** What the core wants done. Effects are carried out in the order they were given. */
sealed interface Effect {
  record Send(Member to, Configuration.Stamp stamp, Message message) implements Effect {}

  /** Read the entry, then tell {@link MemoCore#found}. */
  record Read(long operation, Object key) implements Effect {}

  /**
   * Store the value if the entry is still {@code seen}, null for none; if that is not known, if
   * there is neither a live entry nor a tombstone with a higher fence than the token's. Then tell
   * {@link MemoCore#written}.
   */
  record Write(
      long operation,
      Object key,
      @Nullable Stored seen,
      boolean seenKnown,
      Value value,
      Token token,
      boolean conditional)
      implements Effect {}

  /**
   * Replace whatever is there by a tombstone with a higher fence, then tell {@link
   * MemoCore#buried}.
   */
  record Bury(long operation, Object key, long epoch, boolean tombstone) implements Effect {}

  /** Keep a value on this member alone, then tell {@link MemoCore#filled}. */
  record Fill(long request, Object key, Value value, long epoch) implements Effect {}

  /**
   * Forget what was kept on this member alone, of all keys if it is null, then tell {@link
   * MemoCore#dropped}.
   *
   * @param configuration in which the fence was raised
   */
  record Drop(
      @Nullable Object key, Member home, Message.Invalidation invalidation, long configuration)
      implements Effect {}

  /** Let the caller's thread run the function. */
  record Start(Token token, Object key, Object caller) implements Effect {}

  /** Interrupt the run: nobody waits for it. */
  record Stop(Token token) implements Effect {}

  /**
   * Add the keys of entries stored here that have any of the tags, all if they are null, then tell
   * {@link MemoCore#scanned}.
   */
  record Scan(Member to, long scan, @Nullable Set<String> tags, List<Object> inFlight)
      implements Effect {}

  /** Tell {@link MemoCore#chase} of each memo of this member: a run of one may call another. */
  record Chase(Waits.Probe probe) implements Effect {}

  /** Tell {@link MemoCore#cycled} of each memo of this member: the probe may be of another. */
  record Cycle(Waits.Probe probe) implements Effect {}

  /**
   * All members have told their keys.
   *
   * @param keys null if one could not: then all keys of the memo are meant
   */
  record Collected(Object caller, @Nullable Set<Object> keys) implements Effect {}

  record Deliver(Object caller, Outcome outcome) implements Effect {}

  /** An invalidation is confirmed, or failed. */
  record Invalidated(Object caller, @Nullable Object failure) implements Effect {}

  /** Call {@link MemoCore#syncOverdue} in a while. */
  record AwaitSync(Configuration.Stamp stamp) implements Effect {}

  /** What a caller gets. */
  sealed interface Outcome {}

  record Returned(Value value) implements Outcome {}

  record Threw(Object failure) implements Outcome {}
}
