/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class HitCounterTest {
  private static final int EACH = 20_000;

  @Test
  void whatThreadsOfOneCellAndOfNoneAddIsAllThere() throws InterruptedException {
    HitCounter counter = new HitCounter(2, 1);
    for (int round = 0; round < 3; round++) { // the threads of a round are gone in the next
      run(counter, 8);
    }
    counter.add(5);
    assertThat(counter.sum()).isEqualTo(3L * 8 * EACH + 5);
  }

  @Test
  void aThreadThatAddsOftenGetsACell() throws InterruptedException {
    HitCounter counter = new HitCounter();
    Thread thread =
        new Thread(
            () -> {
              for (int i = 0; i < 255; i++) {
                counter.increment();
              }
              assertThat(counter.isCounting(Thread.currentThread())).isFalse();
              for (int i = 0; i < 2; i++) {
                counter.increment();
              }
              assertThat(counter.isCounting(Thread.currentThread())).isTrue();
            });
    List<Throwable> failures = new ArrayList<>();
    thread.setUncaughtExceptionHandler((t, e) -> failures.add(e));
    thread.start();
    thread.join();
    assertThat(failures).isEmpty();
    assertThat(counter.sum()).isEqualTo(257);
  }

  @Test
  void theCellOfAThreadThatIsGoneIsTakenOverWithItsCount() throws InterruptedException {
    HitCounter counter = new HitCounter(1, 1);
    run(counter, 1);
    int added = 0;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!counter.isCounting(Thread.currentThread())) {
      assertThat(System.nanoTime()).as("time by which it is collected").isLessThan(deadline);
      System.gc();
      counter.increment();
      added++;
    }
    counter.increment();
    assertThat(counter.sum()).isEqualTo(EACH + added + 1);
  }

  private static void run(HitCounter counter, int threads) throws InterruptedException {
    List<Thread> all = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      Thread thread =
          new Thread(
              () -> {
                for (int n = 0; n < EACH; n++) {
                  counter.increment();
                }
              });
      all.add(thread);
      thread.start();
    }
    for (Thread thread : all) {
      thread.join();
    }
  }
}
