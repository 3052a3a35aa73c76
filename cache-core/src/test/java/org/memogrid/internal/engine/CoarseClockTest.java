/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.memogrid.testkit.Await;

/** The coarse clock on the machine's own. */
final class CoarseClockTest {
  /** A copy may have an end though nothing that was read here before had one. */
  @Test
  void whoReadsItFirstReadsThePresent() {
    try (CoarseClock clock = new CoarseClock(InstantSource.system())) {
      long made = System.currentTimeMillis();
      Await.until("time has passed", () -> System.currentTimeMillis() > made + 100);
      assertThat(clock.now()).isGreaterThan(made + 100 - 1);
    }
  }

  @Test
  void itGoesOnByItself() {
    try (CoarseClock clock = new CoarseClock(InstantSource.system())) {
      long first = clock.now();
      long age = clock.elapsed();
      Await.until("it has moved", () -> clock.now() > first + 30);
      assertThat(clock.elapsed()).isGreaterThanOrEqualTo(age + 10);
    }
  }

  @Test
  void onceClosedItStillTellsTheTime() {
    CoarseClock clock = new CoarseClock(InstantSource.system());
    clock.close();
    long before = System.currentTimeMillis();
    assertThat(clock.now()).isGreaterThanOrEqualTo(before);
  }
}
