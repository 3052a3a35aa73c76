/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.time.Duration;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;

/** The first steps with a memo; run by {@link MemoExampleTest}. */
final class MemoExample {
  private MemoExample() {}

  static String run(Cluster cluster) {
    try (Memo<Integer, String> price =
        Memo.<Integer, String>builder("price", MemoExample::askTheSlowSystem)
            .mode(Mode.REPLICATED)
            .timeToLive(Duration.ofMinutes(5))
            .build(cluster)) {
      String first = price.apply(5); // runs once in the cluster; who calls meanwhile waits for it
      String again = price.apply(5); // at once, on every member
      price.invalidate(5); // from here on nobody gets the old one
      return first + ", " + again + ", " + price.apply(5) + ", runs " + price.stats().runs();
    }
  }

  private static String askTheSlowSystem(int article) {
    return "price of " + article;
  }
}
