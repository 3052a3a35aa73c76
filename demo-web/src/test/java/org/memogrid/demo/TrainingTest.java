/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.memogrid.testkit.FreePorts;

/** The class archive of {@code bin/demo}, made by a real JVM and used by another. */
@DisabledOnOs(OS.WINDOWS)
class TrainingTest {
  @Test
  void aNodeStartsFromTheArchiveThatATrainingLeaves() throws Exception {
    assertThat(DemoBuild.get().archive()).isNotEmptyFile();
    try (FreePorts ports = FreePorts.take();
        DemoProcess node =
            DemoProcess.start(
                List.of("-Xshare:on"), // ends if it can't be used
                ports.base() + 50,
                "--cluster-name",
                "trained-" + ports.base(),
                "--cluster-port",
                Integer.toString(ports.base()))) {
      node.awaitMembers(1);
    }
  }
}
