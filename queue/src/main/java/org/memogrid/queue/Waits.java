/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Waiting for what a queue does. */
final class Waits {
  private Waits() {}

  /** The result, or what went wrong thrown as it is. */
  static <T> T await(CompletableFuture<T> future, String queue) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QueueException(
          "interrupted while waiting for queue '"
              + queue
              + "': what was asked for may happen all the same");
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof RuntimeException failure) {
        failure.addSuppressed(new IllegalStateException("called from here"));
        throw failure;
      }
      throw new IllegalStateException(cause);
    }
  }
}
