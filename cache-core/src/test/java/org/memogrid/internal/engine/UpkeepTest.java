/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.memogrid.testkit.Await;

/** A write that something was beside does all itself, whenever that ends. */
class UpkeepTest {
  private final Upkeep upkeep = new Upkeep();
  private final AtomicInteger cleaned = new AtomicInteger();

  private void write(Runnable meanwhile) {
    Object none =
        upkeep.<Object>during(
            () -> {
              meanwhile.run();
              return null;
            },
            cleaned::incrementAndGet);
    assertThat(none).isNull();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void awaitNobodyBeside() {
    Await.until("the end of what is beside", () -> !upkeep.isUnderWay());
  }

  @Test
  void aWriteThatNothingIsBesideDoesItOnItsThreadAndOnce() {
    Thread self = Thread.currentThread();
    write(() -> upkeep.execute(() -> assertThat(Thread.currentThread()).isEqualTo(self)));
    assertThat(cleaned).hasValue(0);
  }

  @Test
  void whatIsBesideAllTheTime() {
    CountDownLatch go = new CountDownLatch(1);
    upkeep.execute(() -> await(go));
    write(() -> {});
    assertThat(cleaned).hasValue(1);
    go.countDown();
    awaitNobodyBeside();
    write(() -> {});
    assertThat(cleaned).hasValue(1);
  }

  @Test
  void whatWasBesideAndEndsDuringTheWrite() {
    CountDownLatch go = new CountDownLatch(1);
    upkeep.execute(() -> await(go));
    write(
        () -> {
          go.countDown();
          awaitNobodyBeside();
        });
    assertThat(cleaned).hasValue(1);
  }

  @Test
  void whatBeginsAndEndsDuringTheWrite() {
    write(
        () -> {
          CompletableFuture.runAsync(() -> upkeep.execute(() -> {})).join();
          awaitNobodyBeside();
        });
    assertThat(cleaned).hasValue(1);
  }
}
