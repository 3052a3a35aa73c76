/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;

class FeaturesTest {
  private final List<String> told = new ArrayList<>();

  /** What a task calls is there before it begins, and still there while it ends. */
  @Test
  void startFromTheLowestLayerUpAndStopFromTheHighestDown() {
    Features features =
        new Features(
            List.of(
                feature("daemons", Feature.Layer.TASKS),
                feature("memos", Feature.Layer.BASE),
                feature("queues", Feature.Layer.QUEUES)));
    try (Cluster cluster = Cluster.local()) {
      features.start(cluster.unwrap(Node.class));
      features.stop();
      features.stop();
    }
    assertThat(told)
        .containsExactly("+memos", "+queues", "+daemons", "-daemons", "-queues", "-memos");
  }

  private Feature feature(String name, Feature.Layer layer) {
    return new Feature() {
      @Override
      public Layer layer() {
        return layer;
      }

      @Override
      public void start(Node node) {
        told.add("+" + name);
      }

      @Override
      public void stop() {
        told.add("-" + name);
      }
    };
  }
}
