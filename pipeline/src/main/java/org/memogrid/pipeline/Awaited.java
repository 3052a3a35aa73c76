/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A future that a step returned: it ends once, as it ends itself, or when its time is over. */
final class Awaited {
  private Awaited() {}

  /** What becomes of it; called on whatever thread ends it, which must not be held up. */
  interface End {
    void returned(@Nullable Object result);

    void failed(Throwable error);

    void late();
  }

  static void begin(
      CompletionStage<?> later, Duration timeout, ScheduledExecutorService scheduler, End end) {
    AtomicBoolean over = new AtomicBoolean();
    ScheduledFuture<?> timer =
        scheduler.schedule(
            () -> {
              if (over.compareAndSet(false, true)) {
                end.late();
              }
            },
            Checks.millis(timeout),
            TimeUnit.MILLISECONDS);
    var unused =
        later.whenComplete(
            (result, failure) -> {
              if (over.compareAndSet(false, true)) {
                timer.cancel(false);
                if (failure == null) {
                  end.returned(result);
                } else {
                  end.failed(unwrapped(failure));
                }
              }
            });
  }

  private static Throwable unwrapped(Throwable failure) {
    Throwable cause = failure.getCause();
    return failure instanceof CompletionException && cause != null ? cause : failure;
  }
}
