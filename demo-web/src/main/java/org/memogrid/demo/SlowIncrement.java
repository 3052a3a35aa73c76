/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.time.Duration;
import java.util.concurrent.CancellationException;
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

  private final String nodeName;

  SlowIncrement(String nodeName) {
    this.nodeName = nodeName;
  }

  @Override
  public Integer apply(Integer t) {
    log.info("computing t={} on {}", t, nodeName);
    try {
      Thread.sleep(Duration.ofSeconds(t).toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("the run for t=" + t + " was interrupted on " + nodeName);
    }
    log.info("computed t={} on {}", t, nodeName);
    return t + 1;
  }
}
