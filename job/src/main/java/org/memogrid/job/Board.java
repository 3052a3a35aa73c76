/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.store.Conditional;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;

/**
 * What is noted about jobs: what each is, where all members have it, and what its last firings
 * were. Calls block. Thread-safe.
 */
final class Board {
  private static final int KEPT = 100;

  private final Store states;
  private final Store histories;
  private final Codec codec;
  private final Versions versions;
  private final @Nullable Kept kept;

  /**
   * Of jobs that one or all members have.
   *
   * @param kept what is to be minded if they outlive their members; null if they do not
   */
  Board(Store states, Store histories, Codec codec, Versions versions, @Nullable Kept kept) {
    this.kept = kept;
    this.states = states;
    this.histories = histories;
    this.codec = codec;
    this.versions = versions;
  }

  /** The one of durable jobs, which are kept in that store; histories stay in memory. */
  Board keptIn(Store store, Persist persist) {
    Kept there = new Kept(persist, states, store, codec, versions);
    return new Board(store, histories, codec, versions, there);
  }

  /** Null unless these jobs outlive their members. */
  @Nullable Kept kept() {
    return kept;
  }

  /** {@link Job#missing}. */
  Set<String> missing() {
    return kept == null ? Set.of() : kept.missing();
  }

  void goOnWithoutMissing(long now) {
    if (kept != null) {
      kept.goOnWithoutMissing(now);
    }
  }

  /** Whether it can't be read since members are missing, which has been told. */
  boolean isWaiting() {
    return kept != null && kept.isWaiting();
  }

  /**
   * What is there now; null if the job is not scheduled.
   *
   * @param known what was read last, which is answered if it still is there
   */
  @Nullable Entry read(String job, @Nullable Entry known) {
    long floor = floor();
    Envelope there = states.get(job);
    if (there == null) {
      return null;
    }
    if (known != null && known.mark().equals(there) && known.floor() == floor) {
      return known;
    }
    byte[] bytes = there.bytes(codec);
    if (bytes == null) {
      return null;
    }
    String elsewhere = JobFormat.place(bytes);
    if (elsewhere != null) {
      throw Kept.contradiction(job, "keeps it in " + elsewhere, "gives no persist(...)");
    }
    return new Entry(JobFormat.state(bytes), there, floor);
  }

  /** {@link Entry#floor}. Fails, for a durable job, if nobody may decide anything now. */
  long floor() {
    return kept == null ? JobState.NEVER : kept.floor();
  }

  /** Whether there is certainly nothing newer than that; costs a look-up and never blocks. */
  boolean isCurrent(String job, @Nullable Entry known) {
    Envelope there = states.near(job);
    return there != null && known != null && known.mark().equals(there);
  }

  /** Stores if nothing is there; null if something is. */
  @Nullable Entry add(String job, JobState state) {
    long floor = floor();
    Envelope first = Envelope.ofBytes(versions.next(), JobFormat.state(state));
    return Conditional.add(states, job, first) ? new Entry(state, first, floor) : null;
  }

  /** Stores if what was read is still there; null if it is not. */
  @Nullable Entry swap(String job, Entry before, JobState after) {
    Envelope there = (Envelope) before.mark();
    Envelope next = Envelope.ofBytes(versions.next(), JobFormat.state(after)).after(there);
    boolean stored =
        kept == null
            ? Conditional.swap(states, job, there, next)
            : kept.swap(states, job, there, next);
    return stored ? new Entry(after, next, before.floor()) : null;
  }

  void remove(String job) {
    if (kept == null) {
      drop(job);
    } else {
      kept.free(job, () -> drop(job));
    }
  }

  private void drop(String job) {
    for (Store store : List.of(states, histories)) {
      var unused = store.remove(job);
    }
  }

  /** The last firings, the latest last. */
  List<Firing> history(String job) {
    return history(histories.get(job));
  }

  private List<Firing> history(@Nullable Envelope there) {
    byte[] bytes = there == null ? null : there.bytes(codec);
    return bytes == null ? List.of() : JobFormat.history(bytes);
  }

  /**
   * Adds to the history. What ends after its job was taken out leaves none behind.
   *
   * @param again whether that failed before: then it may be there. Else one that is alike is
   *     another
   */
  void record(String job, Firing firing, boolean again) {
    add(job, firing, again);
    if (states.get(job) == null) {
      var unused = histories.remove(job);
    }
  }

  private void add(String job, Firing firing, boolean again) {
    while (true) {
      Envelope there = histories.get(job);
      List<Firing> firings = new ArrayList<>(history(there));
      if (again && firings.contains(firing)) {
        return; // a write that failed was done all the same
      }
      firings.add(firing);
      List<Firing> kept = firings.subList(Math.max(0, firings.size() - KEPT), firings.size());
      Envelope next = Envelope.ofBytes(versions.next(), JobFormat.history(kept));
      if (there == null
          ? Conditional.add(histories, job, next)
          : Conditional.swap(histories, job, there, next)) {
        return;
      }
    }
  }
}
