/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Waits for a condition by looking again and again, never longer than a deadline. Stateless. */
public final class Await {
  /** Long enough for a view change on a loaded machine. */
  public static final Duration LONG = Duration.ofSeconds(60);

  private static final long SHORTEST_PAUSE = Duration.ofMillis(10).toNanos();
  private static final long LONGEST_PAUSE = Duration.ofMillis(50).toNanos();

  private Await() {}

  /** Waits up to {@link #LONG} until the condition holds. */
  public static void until(String what, Callable<Boolean> condition) {
    until(what, LONG, condition);
  }

  /**
   * Waits until the condition holds. A condition that throws does not hold yet.
   *
   * @param what said in the error: "three members in the view of node 2"
   * @throws AssertionError when the time is up, with the last exception of the condition as cause
   */
  public static void until(String what, Duration atMost, Callable<Boolean> condition) {
    untilAsserted(
        what,
        atMost,
        () -> {
          if (!condition.call()) {
            throw new AssertionError("it does not hold");
          }
        });
  }

  /** Waits up to {@link #LONG} until the checks pass. */
  public static void untilAsserted(String what, Checks checks) {
    untilAsserted(what, LONG, checks);
  }

  /**
   * Waits until the checks pass without throwing.
   *
   * @throws AssertionError when the time is up, with what the checks threw last as cause
   */
  public static void untilAsserted(String what, Duration atMost, Checks checks) {
    Deadline deadline = Deadline.in(atMost);
    long began = System.nanoTime();
    while (true) {
      Throwable last = attempt(checks);
      if (last == null) {
        return;
      }
      if (deadline.passed()) {
        throw new AssertionError("waited " + deadline.given() + " for: " + what, last);
      }
      pauseAfter(System.nanoTime() - began);
    }
  }

  /** The longer it was the rarer the looks: each has its cost, often in another JVM as well. */
  private static void pauseAfter(long waitedNanos) {
    LockSupport.parkNanos(Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, waitedNanos / 10)));
    if (Thread.currentThread().isInterrupted()) {
      throw new AssertionError("interrupted while waiting");
    }
  }

  private static @Nullable Throwable attempt(Checks checks) {
    try {
      checks.run();
      return null;
    } catch (Exception | AssertionError e) {
      return e;
    }
  }

  /** Assertions that may not pass yet. */
  @FunctionalInterface
  public interface Checks {
    void run() throws Exception;
  }
}
