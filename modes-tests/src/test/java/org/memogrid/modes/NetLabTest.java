/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NetLab;
import org.memogrid.testkit.NodeProcess;

/** Hosts of a lab reach each other until they are cut off. */
class NetLabTest {
  private static final int PORT = 7800;

  @Test
  void hostsTalkUntilCutAndAgainWhenHealed() {
    try (NetLab lab = NetLab.of(2);
        NodeProcess one = NodeProcess.start("one", lab.inside(1), List.of());
        NodeProcess two = NodeProcess.start("two", lab.inside(2), List.of())) {
      two.run(node -> node.kept("server", NetLabTest::listen));
      String address = lab.address(2);
      Await.until("the new cable", () -> reaches(one, address));
      lab.cut(2);
      assertThat(reaches(one, address)).isFalse();
      lab.heal(2);
      Await.until("the healed cable", () -> reaches(one, address));
      lab.deafen(2);
      assertThat(reaches(one, address)).isFalse();
      lab.heal(2);
      Await.until("the open ear", () -> reaches(one, address));
    }
  }

  private static boolean reaches(NodeProcess from, String address) {
    return from.call(
        node -> {
          try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, PORT), 1_000);
            return true;
          } catch (IOException cutOff) {
            return false;
          }
        });
  }

  private static ServerSocket listen() {
    try {
      return new ServerSocket(PORT);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
