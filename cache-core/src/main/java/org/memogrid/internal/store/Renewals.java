/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.memogrid.cache.Mode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps entries alive that are read: the reader notes the use, and at most every quarter of the
 * idle length one of the readers here has the holders told, on another thread. Nothing is sent on
 * the reading path. A renewal that fails costs the entry at most its life, never a reader an error.
 */
public final class Renewals {
  private static final Logger LOG = LoggerFactory.getLogger(Renewals.class);

  private final Store store;
  private final InstantSource clock;
  private final Executor workers;
  private final boolean alone;

  /** The keys that are being renewed, so that readers of copies from elsewhere do it once. */
  private final Set<Object> underway = ConcurrentHashMap.newKeySet();

  public Renewals(Store store, InstantSource clock, Executor workers) {
    this(store, clock, workers, store.mode() == Mode.LOCAL);
  }

  /**
   * @param alone whether there is one copy of an entry, whose life follows its last use
   */
  public Renewals(Store store, InstantSource clock, Executor workers, boolean alone) {
    this.store = store;
    this.clock = clock;
    this.workers = workers;
    this.alone = alone;
  }

  /** Tells that an entry was read. Cheap if it has no idle length. */
  public void used(Object key, Envelope entry) {
    if (entry.idleMillis() == 0 || !entry.isTouchDue(clock.millis())) {
      return;
    }
    if (alone) {
      var unused = entry.touch(clock.millis());
    } else if (underway.add(key)) {
      // Not the other way round: a use that is noted and not told would be forgotten.
      boolean submitted = false;
      try {
        if (entry.touch(clock.millis())) {
          workers.execute(() -> renew(key, entry));
          submitted = true;
        }
      } catch (RejectedExecutionException closing) {
        LOG.debug("cache {}: closing, no renewals any more", store.name());
      } finally {
        if (!submitted) {
          underway.remove(key);
        }
      }
    }
  }

  private void renew(Object key, Envelope entry) {
    try {
      store.renew(key, entry);
    } catch (RuntimeException e) {
      LOG.debug("cache {}: an entry in use was not renewed", store.name(), e);
    } finally {
      underway.remove(key);
    }
  }
}
