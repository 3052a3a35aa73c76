/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import java.time.InstantSource;
import java.util.concurrent.Executor;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.node.Beans;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Millis;
import org.memogrid.internal.store.Renewals;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Versions;

/** What all handles of one cache on this member share. */
final class Opened {
  final Store store;
  final CacheOptions options;
  final Counters counters = new Counters();
  final Renewals renewals;
  final Executor listeners;
  final Codec codec;
  final Fences fences;
  private final InstantSource clock;
  private final Versions versions;
  private final boolean encodes;
  private final Runnable requireOpen;
  private volatile Beans.Bean bean = () -> {};

  Opened(Store store, CacheOptions options, Surroundings around, Runnable requireOpen) {
    this.requireOpen = requireOpen;
    this.store = store;
    this.options = options;
    this.listeners = around.listeners();
    this.codec = around.codec();
    this.fences = around.fences();
    this.clock = around.clock();
    this.versions = around.versions();
    boolean once = store.mode() == Mode.LOCAL && options.persist() == null; // else also on disk
    this.renewals = new Renewals(store, around.clock(), around.workers(), once);
    this.encodes =
        store.mode() == Mode.REPLICATED
            || store.mode() == Mode.DISTRIBUTED
            || (options.persist() != null && !options.persist().isOfProgram());
  }

  void shown(Beans.Bean bean) {
    this.bean = bean;
  }

  /** Whether it was destroyed; if so it is hidden. */
  boolean isOver() {
    if (store.isOpen()) {
      return false;
    }
    hide();
    return true;
  }

  /** Nobody can see it any more. */
  void hide() {
    bean.close();
  }

  /**
   * Does nothing while the member is in its cluster and the cache exists.
   *
   * @throws IllegalStateException if it left, or if the cache was destroyed
   */
  void requireOpen() {
    requireOpen.run();
    if (!store.isOpen()) {
      throw new IllegalStateException(
          "cache '"
              + store.name()
              + "' was destroyed: open it again with cluster.cache(...), it will be empty");
    }
  }

  /** What every cache of a member uses. */
  record Surroundings(
      Codec codec,
      InstantSource clock,
      Executor workers,
      Executor listeners,
      Versions versions,
      Fences fences) {}

  /**
   * A value as the store holds it. Encoding it is also the check that it may cross the wire.
   *
   * @throws IllegalArgumentException if it may not
   */
  Envelope seal(Object value, Expiry expiry) {
    if (options.locking() != null && expiry.maxIdle() != null) {
      throw new IllegalArgumentException(
          "an entry of the transactional cache '"
              + store.name()
              + "' can't have an idle time: each use would be a write that others' transactions meet;"
              + " give a time to live");
    }
    Envelope envelope =
        encodes
            ? Envelope.ofBytes(versions.next(), codec.encode(value))
            : Envelope.ofValue(versions.next(), value);
    return Millis.ending(envelope, expiry, clock);
  }

  long now() {
    return clock.millis();
  }

  /** Holds a place for a write that is under way; gone by itself if its writer dies. */
  Envelope tombstone() {
    long now = clock.millis();
    return Envelope.tombstone(versions.next()).expiring(now + 60_000, 0, now);
  }
}
