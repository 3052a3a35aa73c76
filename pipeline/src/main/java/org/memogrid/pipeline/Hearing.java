/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Registration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who hears how values of a pipeline get on here. Thread-safe. */
final class Hearing {
  private static final Logger LOG = LoggerFactory.getLogger(Hearing.class);

  private final String pipeline;
  private final List<ProgressListener> listeners = new CopyOnWriteArrayList<>();

  Hearing(String pipeline) {
    this.pipeline = pipeline;
  }

  Registration add(ProgressListener listener) {
    listeners.add(requireNonNull(listener, "listener"));
    return () -> listeners.remove(listener);
  }

  /** Of a step. */
  void tell(Progress.Kind kind, StepContext at, long nanos, @Nullable Throwable error) {
    if (!listeners.isEmpty()) {
      tell(kind, at.id(), at.currentStep(), at.attempt(), nanos, error);
    }
  }

  void tell(
      Progress.Kind kind,
      String id,
      String step,
      int attempt,
      long nanos,
      @Nullable Throwable error) {
    if (listeners.isEmpty()) {
      return;
    }
    Progress progress = new Progress(kind, id, step, attempt, Duration.ofNanos(nanos), error);
    for (ProgressListener listener : listeners) {
      try {
        listener.on(progress);
      } catch (RuntimeException | Error e) {
        LOG.error("listener {} of pipeline '{}' failed on {}", listener, pipeline, progress, e);
      }
    }
  }
}
