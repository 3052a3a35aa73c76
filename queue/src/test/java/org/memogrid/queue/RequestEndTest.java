/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** Who waits for a reply is told once why there will be none: by its home, or by its own clock. */
class RequestEndTest {
  private static final long EXPIRES = 2_000;

  private final LoneCore home = new LoneCore(Settings.DEFAULT);

  private void request() {
    home.publish(
        new Traits(
            Traits.NORMAL,
            0,
            EXPIRES,
            null,
            null,
            "correlation",
            LoneCore.SELF.id(),
            Map.of(),
            Traits.Room.AS_QUEUE),
        1);
    assertThat(home.copy().waiting()).isEqualTo(1);
  }

  @Test
  void aRequestThatExpiresIsEndedByItsCallersClockAlone() {
    request();
    home.now = EXPIRES;
    home.goOn();
    assertThat(home.copy().dead()).isEqualTo(1);
    assertThat(home.responses).isEmpty();
  }

  @Test
  void aRequestThatExpiresWhenItsTurnComesIsEndedByItsCallersClockAlone() {
    request();
    home.now = EXPIRES;
    home.subscribe(1);
    assertThat(home.copy().dead()).isEqualTo(1);
    assertThat(home.begun).isEmpty();
    assertThat(home.responses).isEmpty();
  }

  @Test
  void aRequestWhoseEveryAttemptFailedIsToldSoOnce() {
    request();
    home.subscribe(1);
    for (int attempt = 0; attempt < Settings.DEFAULT.attempts(); attempt++) {
      assertThat(home.begun).hasSize(attempt + 1);
      home.core.settle(home.begun.get(attempt).tag(), Packet.Verdict.FAILED, "boom", 0);
      home.goOn();
    }
    assertThat(home.copy().dead()).isEqualTo(1);
    assertThat(home.responses)
        .singleElement()
        .satisfies(response -> assertThat(response.error).contains("10 attempts failed"));
    home.now = EXPIRES;
    home.goOn();
    assertThat(home.responses).hasSize(1);
  }
}
