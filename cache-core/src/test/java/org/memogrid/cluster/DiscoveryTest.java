/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.internal.node.Node;
import org.memogrid.testkit.FreePorts;

/** The ways in which members find each other, beside the default one. */
class DiscoveryTest {
  private final FreePorts ports = FreePorts.take();

  @AfterEach
  void giveBackPorts() {
    ports.close();
  }

  @Test
  void byMulticast() {
    findEachOther(builder -> builder.port(ports.base()).multicast());
  }

  @Test
  void byTheAddressesOfAName() {
    findEachOther(builder -> builder.port(ports.base()).dns("localhost"));
  }

  @Test
  void byAStackOfTheUsersOwn(@TempDir Path folder) throws IOException {
    Path stack =
        Files.writeString(
            folder.resolve("stack.xml"),
            """
            <config xmlns="urn:org:jgroups">
              <TCP bind_addr="127.0.0.1" bind_port="%1$d" port_range="3"/>
              <TCPPING initial_hosts="127.0.0.1[%1$d]" port_range="3"/>
              <MERGE3/>
              <FD_ALL3/>
              <VERIFY_SUSPECT2/>
              <pbcast.NAKACK2 use_mcast_xmit="false"/>
              <UNICAST3/>
              <pbcast.STABLE/>
              <pbcast.GMS join_timeout="500ms"/>
              <UFC/>
              <MFC/>
              <FRAG4/>
            </config>
            """
                .formatted(ports.base()));
    findEachOther(builder -> builder.stack(stack));
  }

  private static void findEachOther(UnaryOperator<ClusterBuilder> way) {
    try (Cluster one = way.apply(node("one")).join();
        Cluster two = way.apply(node("two")).join()) {
      assertThat(two.membership().members()).containsExactly(one.self(), two.self());
      assertThat(two.unwrap(Node.class).wire()).isNotNull();
    }
  }

  private static ClusterBuilder node(String name) {
    return Cluster.builder()
        .name("discovery-" + ProcessHandle.current().pid())
        .nodeName(name)
        .timing(TestTiming.ONE_AFTER_ANOTHER);
  }
}
