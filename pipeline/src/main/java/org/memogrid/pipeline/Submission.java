/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The result to come of a value that was submitted. It always ends; {@link Pipeline#submit(Object)}
 * says how. To cancel it is not to wait any more: the work goes on.
 */
public final class Submission<O extends @Nullable Object> extends CompletableFuture<O> {
  private final String id;
  private final Runnable onCancel;

  Submission(String id, Runnable onCancel) {
    this.id = id;
    this.onCancel = onCancel;
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    boolean cancelled = super.cancel(mayInterruptIfRunning);
    onCancel.run();
    return cancelled;
  }

  /** What {@link Pipeline#result} is asked for, on any node. */
  public String id() {
    return id;
  }

  /** Stages that depend on it are ordinary futures. */
  @Override
  public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
    return new CompletableFuture<>();
  }
}
