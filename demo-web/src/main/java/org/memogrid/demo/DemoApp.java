/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import jakarta.servlet.http.HttpSession;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.memo.Memo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The application: all that the demo does with the library. The rest of the package is plumbing.
 */
final class DemoApp implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DemoApp.class);

  /** A function that takes as many seconds as its argument says, and runs once in the cluster. */
  final Memo<Integer, Integer> sleepy;

  /** Two numbers, each on two of the nodes. */
  final Cache<String, Integer> counters;

  DemoApp(Cluster cluster) {
    sleepy =
        Memo.builder("sleepy", new SlowIncrement(cluster.self().name()))
            .mode(Mode.REPLICATED)
            .build(cluster);
    counters = cluster.cache("counters", Mode.DISTRIBUTED);
  }

  /** {@code /} */
  String counters(String path) {
    log.info("web [{}]", path);
    return "messages=%d, jobs=%d\n".formatted(counter("messages"), counter("jobs"));
  }

  /** {@code /count}: a session that every node serves. */
  String count(HttpSession session) {
    int n = session.getAttribute("count") instanceof Integer before ? before + 1 : 1;
    session.setAttribute("count", n);
    log.info("count={}", n);
    return "You accessed this page %d times\n".formatted(n);
  }

  private int counter(String name) {
    Integer value = counters.get(name);
    return value == null ? 1 : value;
  }

  @Override
  public void close() {
    sleepy.close();
    counters.close();
  }
}
