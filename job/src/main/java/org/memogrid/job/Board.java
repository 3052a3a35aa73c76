/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
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

  Board(Store states, Store histories, Codec codec, Versions versions) {
    this.states = states;
    this.histories = histories;
    this.codec = codec;
    this.versions = versions;
  }

  /**
   * What is there now; null if the job is not scheduled.
   *
   * @param known what was read last, which is answered if it still is there
   */
  @Nullable Entry read(String job, @Nullable Entry known) {
    Envelope there = states.get(job);
    if (there == null) {
      return null;
    }
    if (known != null && known.mark().equals(there)) {
      return known;
    }
    byte[] bytes = there.bytes(codec);
    return bytes == null ? null : new Entry(JobFormat.state(bytes), there);
  }

  /** Whether there is certainly nothing newer than that; costs a look-up and never blocks. */
  boolean isCurrent(String job, @Nullable Entry known) {
    Envelope there = states.near(job);
    return there != null && known != null && known.mark().equals(there);
  }

  /** Stores if nothing is there; null if something is. */
  @Nullable Entry add(String job, JobState state) {
    Envelope first = Envelope.ofBytes(versions.next(), JobFormat.state(state));
    return Conditional.add(states, job, first) ? new Entry(state, first) : null;
  }

  /** Stores if what was read is still there; null if it is not. */
  @Nullable Entry swap(String job, Entry before, JobState after) {
    Envelope there = (Envelope) before.mark();
    Envelope next = Envelope.ofBytes(versions.next(), JobFormat.state(after)).after(there);
    return Conditional.swap(states, job, there, next) ? new Entry(after, next) : null;
  }

  void remove(String job) {
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

  /** Adds to the history. What ends after its job was taken out leaves none behind. */
  void record(String job, Firing firing) {
    add(job, firing);
    if (states.get(job) == null) {
      var unused = histories.remove(job);
    }
  }

  private void add(String job, Firing firing) {
    while (true) {
      Envelope there = histories.get(job);
      List<Firing> firings = new ArrayList<>(history(there));
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
