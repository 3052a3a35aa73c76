/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what is written behind: tries until it is taken, or the cache closes, since who wrote it
 * has been told that it is written.
 *
 * @param place what the log calls that which is to take it
 * @param closing open once what waits has one more try
 */
record Insistence(String place, CountDownLatch closing) {
  private static final Logger LOG = LoggerFactory.getLogger(Insistence.class);
  private static final long RETRY_MILLIS = 500;

  /** What is written. */
  interface Change {
    void make() throws Exception;
  }

  /**
   * Returns when it is taken, or lost.
   *
   * @param left how many changes are lost if this process ends before
   */
  void make(IntSupplier left, Change change) {
    boolean refused = false;
    while (true) {
      boolean last = closing.getCount() == 0;
      try {
        change.make();
        if (refused) {
          LOG.info("{} takes what waited for it", place);
        }
        return;
      } catch (Exception | Error e) { // else nobody would go on with what waits
        if (last) {
          LOG.error(
              "{} did not take {} changes before the cache was closed: they are lost",
              place,
              left.getAsInt(),
              e);
          return; // the engine would try for ever, on threads that are ended
        }
        if (!refused) {
          LOG.warn("{} does not take what is written behind; trying again until it does", place, e);
        }
        refused = true;
        awaitNextTry();
      }
    }
  }

  /** Who interrupts these threads ends them. */
  private void awaitNextTry() {
    try {
      var unused = closing.await(RETRY_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      closing.countDown();
      Thread.currentThread().interrupt();
    }
  }
}
