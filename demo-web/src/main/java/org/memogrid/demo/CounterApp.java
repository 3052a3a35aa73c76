/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.time.Duration;
import org.memogrid.cluster.Cluster;
import org.memogrid.daemon.Daemon;
import org.memogrid.daemon.DaemonContext;
import org.memogrid.queue.MessageQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code bin/demo --app counter}: one node sends a number each second, and all receive them in
 * turn. Kill the one that sends, and another counts, from 0 again: it keeps its number in a
 * variable.
 */
final class CounterApp implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CounterApp.class);

  private final MessageQueue<Integer> queue;
  private final Daemon counter;

  CounterApp(Cluster cluster) {
    queue = MessageQueue.named("/queue/msg", Integer.class).open(cluster);
    var unused = queue.listen(message -> log.info("received: {}", message.body()));
    counter = Daemon.named("counter", this::send).start(cluster);
  }

  private void send(DaemonContext context) throws InterruptedException {
    for (int i = 0; context.sleep(Duration.ofSeconds(1)); i++) {
      log.info("sending: {}", i);
      queue.publish(i);
    }
  }

  @Override
  public void close() {
    counter.close();
    queue.close();
  }
}
