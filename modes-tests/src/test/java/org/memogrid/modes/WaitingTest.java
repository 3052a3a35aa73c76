/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/** Waiting ends, and ports are nobody else's. */
class WaitingTest {
  @Test
  void waitsUntilItHolds() {
    AtomicInteger looks = new AtomicInteger();
    Await.until("the third look", () -> looks.incrementAndGet() == 3);
    assertThat(looks).hasValue(3);
  }

  @Test
  void givesUpAndSaysWhatItWaitedFor() {
    assertThatThrownBy(
            () ->
                Await.untilAsserted(
                    "a miracle",
                    Duration.ofMillis(30),
                    () -> {
                      throw new IllegalStateException("none");
                    }))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("a miracle")
        .hasRootCauseMessage("none");
  }

  @Test
  void portRangesDoNotMeet() throws IOException {
    Set<Integer> bases = new HashSet<>();
    try (FreePorts one = FreePorts.take();
        FreePorts two = FreePorts.take();
        FreePorts three = FreePorts.take();
        ServerSocket socket = new ServerSocket(one.base(), 1, InetAddress.getLoopbackAddress())) {
      bases.add(one.base());
      bases.add(two.base());
      bases.add(three.base());
      assertThat(socket.getLocalPort()).isEqualTo(one.base());
    }
    assertThat(bases).hasSize(3);
  }
}
