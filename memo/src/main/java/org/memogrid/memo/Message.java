/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** What the members of a memo say to each other. Each goes with the stamp of its sender. */
sealed interface Message {
  /** To a key's home. */
  sealed interface ToHome extends Message {
    Object key();
  }

  /** To the member that asked, or that runs. */
  sealed interface ToCaller extends Message {}

  /**
   * Get or lease. Answered by Hit, Grant or Fail, now or later.
   *
   * @param probe goes on to the run that has to be waited for; null from a caller that is in no run
   * @param seen null, or the entry to be replaced: if it is still there, it is no answer
   */
  record Acquire(Object key, long request, Waits.@Nullable Probe probe, @Nullable Object seen)
      implements ToHome {}

  /** Which run do those wait for who wait for the key? Passed on as Chase, or ends. */
  record Probe(Object key, Waits.Probe probe) implements ToHome {}

  /** What does the last run of the probe wait for? Passed on as Probe, or ends. */
  record Chase(Waits.Probe probe) implements ToCaller {}

  /** The probe's last run is also an earlier one. */
  record Cycle(Waits.Probe probe) implements ToCaller {}

  /**
   * The run's result. Answered by CompleteAck.
   *
   * @param seen null, or the entry that it is to replace
   */
  record Complete(Object key, Token token, Value value, @Nullable Object seen) implements ToHome {}

  /**
   * The run threw. Answered by CompleteAck.
   *
   * @param shared whether the failure is for all who wait; if not, the next of them runs
   */
  record Failed(Object key, Token token, Object failure, boolean shared) implements ToHome {}

  /** Nobody waits for the run on its own member any more. Answered by Cancel, now or later. */
  record Unwanted(Object key, Token token) implements ToHome {}

  /** The token won't be used. */
  record Abandon(Object key, Token token) implements ToHome {}

  /** Nobody waits for the request any more. */
  record Leave(Object key, long request) implements ToHome {}

  /** The home would better run the function than the sender, who asks next. */
  record Summon(Object key, List<Token> ancestors, @Nullable Object seen) implements ToHome {}

  /** Answered by InvalidateAck. */
  record Invalidate(Object key, long invalidation) implements ToHome {}

  /** To the coordinator, for all keys. Answered by InvalidateAck. */
  record InvalidateAll(long invalidation) implements Message {}

  record Hit(long request, Value value, long epoch) implements ToCaller {}

  record Grant(Object key, long request, Token token) implements ToCaller {}

  record Fail(long request, Object failure) implements ToCaller {}

  record CompleteAck(Token token, boolean accepted) implements ToCaller {}

  /**
   * Drop the key's value, close its flights, fence its runs. Answered by FenceAck.
   *
   * @param buried whether what is stored for the key is gone
   */
  record Fence(Object key, Invalidation invalidation, boolean buried) implements ToCaller {}

  /** The same for all keys whose token is of an older epoch. Answered by FenceAck. */
  record FenceAll(long epoch, Invalidation invalidation) implements ToCaller {}

  /** The fence for the key, or for all if it is null, goes on in this configuration. */
  record Fenced(@Nullable Object key) implements ToCaller {}

  /** The token lost against another of its key. */
  record FenceOne(Object key, Token token) implements ToCaller {}

  /** Nobody waits for the run elsewhere either. Answered by Abandon, unless somebody does again. */
  record Cancel(Object key, Token token) implements ToCaller {}

  /**
   * Which keys are in flight, or stored on the member? Answered by Scanned.
   *
   * @param tags null for all keys; else those with any of the tags, and all in flight
   */
  record Scan(long scan, @Nullable Set<String> tags) implements ToCaller {}

  /**
   * The keys of this member that a scan is after.
   *
   * @param keys null if the member can't tell them: then all keys of the memo are meant
   */
  record Scanned(long scan, @Nullable List<Object> keys) implements ToCaller {}

  /**
   * The key's value is gone from the member, and its runs are fenced.
   *
   * @param failure null, or why an old value may still be there
   */
  record FenceAck(Invalidation invalidation, @Nullable Object failure) implements ToCaller {}

  record InvalidateAck(long invalidation) implements ToCaller {}

  record InvalidateFailed(long invalidation, Object failure) implements ToCaller {}

  /**
   * What the others must know of a member that has just installed the configuration.
   *
   * @param held its unfenced runs
   * @param epoch its epoch when it installed the configuration
   * @param departed who left, and the last configuration that had it
   * @param answer whether the sender lacks the receiver's own
   */
  record Sync(List<Held> held, long epoch, Apart apart, Map<String, Long> departed, boolean answer)
      implements Message {}

  /**
   * The keys, or whether all keys, that may have been invalidated while others were away.
   *
   * @param settled whether the sender has heard all members of some configuration, so that it knows
   *     of what was invalidated before it joined
   */
  record Apart(List<Object> keys, boolean all, boolean settled) {}

  /** A run that goes on. */
  record Held(Object key, Token token) {}

  /** An invalidation, unique in the cluster. */
  record Invalidation(Member from, long number) {}
}
