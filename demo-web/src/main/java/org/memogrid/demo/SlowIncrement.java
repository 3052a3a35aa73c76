/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The demo's expensive function: takes as many seconds as its argument says, then adds one to it.
 * Each run is logged, so that a reader of the logs of all nodes can count the runs.
 */
final class SlowIncrement implements Function<Integer, Integer> {
  static final int LONGEST_SECONDS = 60;

  private static final Logger log = LoggerFactory.getLogger(SlowIncrement.class);

  private static final Set<Integer> running = ConcurrentHashMap.newKeySet();
  private static final ThreadLocal<Boolean> ran = ThreadLocal.withInitial(() -> false);

  private final String nodeName;

  SlowIncrement(String nodeName) {
    this.nodeName = nodeName;
  }

  @Override
  public Integer apply(Integer t) {
    ran.set(true);
    log.info("computing t={} on {}", t, nodeName);
    running.add(t);
    try {
      Thread.sleep(Duration.ofSeconds(t).toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("the run for t=" + t + " was interrupted on " + nodeName);
    } finally {
      running.remove(t);
    }
    log.info("computed t={} on {}", t, nodeName);
    return t + 1;
  }

  /** What this node computes just now. */
  static List<Integer> running() {
    return running.stream().sorted().toList();
  }

  /** A call of the memo computes in the caller's thread, or not at all. */
  static boolean ranInThisThread() {
    return ran.get();
  }

  static void forgetRunsOfThisThread() {
    ran.set(false);
  }
}
