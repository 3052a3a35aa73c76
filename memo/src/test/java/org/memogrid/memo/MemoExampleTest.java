/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;

class MemoExampleTest {
  @Test
  void runs() {
    try (Cluster alone = Cluster.local()) {
      assertThat(MemoExample.run(alone)).isEqualTo("price of 5, price of 5, price of 5, runs 2");
    }
  }
}
