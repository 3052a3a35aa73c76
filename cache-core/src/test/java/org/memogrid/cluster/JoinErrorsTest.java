/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

class JoinErrorsTest {
  private final FreePorts ports = FreePorts.take();

  @AfterEach
  void giveBackPorts() {
    ports.close();
  }

  @Test
  void aNodeNameIsTaken() {
    try (Cluster first = node("twin").join()) {
      assertThatThrownBy(() -> node("twin").join())
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "node 'twin' can't join cluster '%s': a member of that name is there, at"
                  + " 127.0.0.1:%d; choose another with nodeName(...) or memogrid.node.name",
              first.name(), ports.base());
      Await.until("the refused twin is gone", () -> first.membership().members().size() == 1);
    }
  }

  @Test
  void noPortIsFree() throws IOException {
    List<ServerSocket> taken = new ArrayList<>();
    try {
      for (int port = ports.base(); port < ports.base() + JoinSettings.PORT_RANGE; port++) {
        taken.add(new ServerSocket(port, 1, InetAddress.getLoopbackAddress()));
      }
      assertThatThrownBy(() -> node("late").join())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(
              "no free port from %d to %d on 127.0.0.1", ports.base(), ports.base() + 9)
          .hasMessageContaining("memogrid.port");
    } finally {
      for (ServerSocket socket : taken) {
        socket.close();
      }
    }
  }

  @Test
  void anAddressOfAnotherMachine() {
    assertThatThrownBy(() -> node("elsewhere").bind("192.0.2.1").join())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("192.0.2.1 is no address of this machine")
        .hasMessageContaining("bind(...)");
  }

  @Test
  void noSeedAnswers() {
    String seed = "127.0.0.1:" + (ports.base() + 50);
    assertThatThrownBy(() -> node("lonely").seeds(seed).join())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no seed answers: %s (nobody listens)", seed)
        .hasMessageContaining("list this member, 127.0.0.1:%d", ports.base());
  }

  @Test
  void aSeedThatCanNotBeResolved() {
    assertThatThrownBy(() -> node("lonely").seeds("no-such-host.invalid:7800").join())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no-such-host.invalid:7800 (unknown host)");
  }

  @Test
  void aSeedStartsTheCluster() {
    String seed = "127.0.0.1:" + ports.base();
    try (Cluster first = node("first").seeds(seed).join();
        Cluster second = node("second").seeds(seed).port(ports.base() + 20).join()) {
      assertThat(second.membership().members()).containsExactly(first.self(), second.self());
    }
  }

  @Test
  void fewerMembersThanExpectedSaysWhoIsThere() {
    try (Cluster first = node("first").join()) {
      assertThatThrownBy(() -> node("second").expectMembers(3, Duration.ofMillis(300)).join())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(
              "expected 3 members within PT0.3S, found 2 (first at 127.0.0.1:%d, second at"
                  + " 127.0.0.1:%d), looking on the same machine",
              ports.base(), ports.base() + 1);
      Await.until("the one that gave up is gone", () -> first.membership().members().size() == 1);
    }
  }

  @Test
  void asManyMembersAsExpected() {
    try (Cluster first = node("first").join();
        Cluster second = node("second").expectMembers(2, Duration.ofSeconds(30)).join()) {
      assertThat(second.membership().members()).containsExactly(first.self(), second.self());
    }
  }

  @Test
  void aClosedClusterSaysSo() {
    Cluster closed = node("gone").join();
    closed.close();
    closed.close();
    assertThatThrownBy(closed::membership)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("cluster '%s' is closed: join again", closed.name());
    assertThatThrownBy(() -> closed.cache("c")).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> closed.unwrap(Object.class)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> closed.onMembership((before, now) -> {}).close())
        .isInstanceOf(IllegalStateException.class);
  }

  private ClusterBuilder node(String name) {
    return Cluster.builder()
        .name("join-errors")
        .nodeName(name)
        .port(ports.base())
        .timing(TestTiming.ONE_AFTER_ANOTHER);
  }
}
