/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Conditional;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the durable jobs of a cluster are kept, all in one store, and what is to be minded of them.
 * Who has the last entry when members come back is the store's to find out. Calls block.
 * Thread-safe.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>In the memory that all members share there is for each durable job, in the place of its
 *       state, where it is kept. So a job is durable on all members or on none.
 *   <li>Nothing is decided by what missing members may know better: the moment at which somebody
 *       went on without them is in the memory before the store is served again, and in the store
 *       before anything is read from it by which a firing begins.
 * </ul>
 */
final class Kept {
  static final String STORE = "org.memogrid.jobs.durable";

  /** No job's name. */
  static final String FLOOR = "\0org.memogrid.jobs.floor";

  private static final Logger LOG = LoggerFactory.getLogger(Kept.class);

  private final Persist persist;
  private final Store memory;
  private final Store store;
  private final Codec codec;
  private final Versions versions;

  /** The moment that the store is known to have; null before it was read. */
  private volatile @Nullable Long floor;

  /** Whether it could not be read the last time: asked before the next, so as not to wait again. */
  private volatile boolean wasHeld;

  /** Who was missing when it failed the last time, as was told; nobody if it did not. */
  private volatile Set<String> absent = Set.of();

  Kept(Persist persist, Store memory, Store store, Codec codec, Versions versions) {
    this.persist = persist;
    this.memory = memory;
    this.store = store;
    this.codec = codec;
    this.versions = versions;
  }

  /**
   * Opens the store, on every member of the cluster.
   *
   * @throws RuntimeException if it can't be kept there, or is kept elsewhere
   */
  static Store open(Node node, String job, Persist persist) {
    try {
      return node.store(STORE, CacheOptions.of(Mode.REPLICATED).persist(persist));
    } catch (IllegalStateException | IllegalArgumentException e) {
      throw new IllegalStateException(
          "job '" + job + "' can't be kept in " + persist + ": " + e.getMessage(), e);
    }
  }

  /**
   * Refuses another place than the one that this member has.
   *
   * @throws IllegalStateException if it is another
   */
  void requireSame(String job, Persist asked) {
    if (!persist.equals(asked)) {
      throw new IllegalStateException(
          "job '"
              + job
              + "' can't be kept in "
              + asked
              + ": this cluster keeps its durable jobs in "
              + persist
              + ", all in one place; give that");
    }
  }

  // ---- members that are missing

  /** The names of members that may have later entries, for which all durable jobs wait. */
  Set<String> missing() {
    return store.missing();
  }

  /**
   * Goes on without them. No instant up to now fires any more, since they may have fired it.
   *
   * @throws CacheException if others are missing still
   */
  void goOnWithoutMissing(long now) {
    Set<String> gone = missing();
    if (gone.isEmpty()) {
      return;
    }
    LOG.warn(
        "durable jobs go on without {}: what these had noted alone is lost; no instant up to now fires"
            + " any more, nor does a run that was asked for",
        gone);
    raise(memory, now);
    store.goOnWithoutMissing();
    var unused = floor();
  }

  /**
   * {@link Entry#floor}, which the store has when this returns.
   *
   * @throws CacheException if the store is not served: members are missing, which it names
   */
  long floor() {
    requireNobodyMissing();
    try {
      Long known = floor;
      if (known == null) {
        known = moment(store.get(FLOOR));
      }
      long last = moment(memory.get(FLOOR));
      if (last > known) {
        raise(store, last);
        known = last;
      }
      floor = known;
      wasHeld = false;
      absent = Set.of();
      return known;
    } catch (CacheException e) {
      wasHeld = true;
      throw e;
    }
  }

  private void requireNobodyMissing() {
    if (!wasHeld) {
      return;
    }
    Set<String> gone = missing();
    if (gone.isEmpty()) {
      return;
    }
    String why =
        "durable jobs wait for "
            + new TreeSet<>(gone)
            + ", that may know what has fired and are not back: start them with their directories;"
            + " if they are gone for good, go on without them by job.goOnWithoutMissing() or in"
            + " JMX";
    if (!gone.equals(absent)) {
      absent = gone;
      LOG.warn("{}", why);
    }
    throw new CacheException(why);
  }

  /** Whether it last failed since members are missing, which has been told. */
  boolean isWaiting() {
    return !absent.isEmpty();
  }

  /** Whether nothing can be read until others are back, or somebody goes on without them. */
  boolean waits() {
    wasHeld = !missing().isEmpty();
    return wasHeld;
  }

  private void raise(Store where, long moment) {
    while (true) {
      Envelope there = where.get(FLOOR);
      if (moment(there) >= moment) {
        return;
      }
      Envelope next = Envelope.ofBytes(versions.next(), JobFormat.moment(moment));
      if (there == null
          ? Conditional.add(where, FLOOR, next)
          : Conditional.swap(where, FLOOR, there, next)) {
        return;
      }
    }
  }

  private long moment(@Nullable Envelope there) {
    byte[] bytes = there == null ? null : there.bytes(codec);
    return bytes == null ? JobState.NEVER : JobFormat.moment(bytes);
  }

  /**
   * Stores on condition, and says yes only to what all members were confirmed to have. What is
   * found stored after a no is not: if all members are killed, one that lacks it may be the one
   * that is asked.
   *
   * @throws CacheException if that is not known
   */
  boolean swap(Store states, String job, Envelope there, Envelope next) {
    if (states.replace(job, there, next)) {
      return true;
    }
    if (Conditional.swap(states, job, there, next)) {
      throw new CacheException(
          "job '" + job + "': a write has happened, but maybe not on all members: look again");
    }
    return false;
  }

  // ---- one name, one kind of job

  /**
   * Notes that the job is durable.
   *
   * @throws IllegalStateException if it is in memory alone on other members
   */
  void claim(String job) {
    while (true) {
      Envelope there = memory.get(job);
      byte[] bytes = there == null ? null : there.bytes(codec);
      if (bytes != null && JobFormat.place(bytes) == null) {
        throw contradiction(job, "has it in memory alone", "gives persist(" + persist + ")");
      }
      // Anew each time: who has just unscheduled it takes away only what he found before.
      Envelope here = Envelope.ofBytes(versions.next(), JobFormat.place(persist.toString()));
      if (there == null
          ? Conditional.add(memory, job, here)
          : Conditional.swap(memory, job, there, here)) {
        return;
      }
    }
  }

  /** The job is unscheduled by {@code remove}: its name may be that of any job again. */
  void free(String job, Runnable remove) {
    Envelope there = memory.get(job);
    remove.run();
    byte[] bytes = there == null ? null : there.bytes(codec);
    if (there != null && bytes != null && JobFormat.place(bytes) != null) {
      var unused = Conditional.remove(memory, job, there);
    }
  }

  static IllegalStateException contradiction(String job, String cluster, String member) {
    return new IllegalStateException(
        "job '"
            + job
            + "': the cluster "
            + cluster
            + ", and this member "
            + member
            + ": give the same persist(...) on all members, or unschedule() it first");
  }
}
