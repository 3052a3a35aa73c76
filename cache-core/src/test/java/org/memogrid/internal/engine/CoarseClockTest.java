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

  @Test
  void oneGoesOnWhenAnotherIsClosedAndOneAfterAllAreClosed() {
    CoarseClock first = new CoarseClock(InstantSource.system());
    CoarseClock second = new CoarseClock(InstantSource.system());
    long began = Math.min(first.now(), second.now());
    first.close();
    Await.until("the second has moved", () -> second.now() > began + 30);
    second.close();
    try (CoarseClock third = new CoarseClock(InstantSource.system());
        CoarseClock fourth = new CoarseClock(InstantSource.system())) {
      long later = third.now();
      Await.until("both have moved", () -> Math.min(third.now(), fourth.now()) > later + 30);
      Await.until("one thread is for all", () -> threads() == 1);
    }
  }

  /** A program that is unloaded while another goes on would never be gone. */
  @Test
  void theThreadHasNothingOfWhoReadsFirst() {
    Thread self = Thread.currentThread();
    ClassLoader before = self.getContextClassLoader();
    ClassLoader programs = new ClassLoader(before) {};
    self.setContextClassLoader(programs);
    try (CoarseClock clock = new CoarseClock(InstantSource.system())) {
      assertThat(clock.now()).isPositive();
      assertThat(Thread.getAllStackTraces().keySet())
          .filteredOn(thread -> thread.getName().equals("memogrid-clock"))
          .isNotEmpty()
          .noneMatch(thread -> thread.getContextClassLoader() == programs);
    } finally {
      self.setContextClassLoader(before);
    }
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("memogrid-clock"))
        .count();
  }
}
