/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gathers the keys that this member has to compute, for the bulk function. Thread-safe. */
final class Batcher<K> {
  private final MemoNode node;
  private final Runner<K, ?> runner;
  private final BatchOptions options;

  @GuardedBy("this") private List<Runner.Run<K>> waiting = new ArrayList<>();

  Batcher(MemoNode node, Runner<K, ?> runner, BatchOptions options) {
    this.node = node;
    this.runner = runner;
    this.options = options;
  }

  /** The run was expected. */
  void add(Runner.Run<K> run) {
    List<Runner.Run<K>> full = null;
    List<Runner.Run<K>> begun = null;
    synchronized (this) {
      waiting.add(run);
      if (waiting.size() >= options.maxSize()) {
        full = take();
      } else if (waiting.size() == 1) {
        begun = waiting;
      }
    }
    if (full != null) {
      runner.start(full);
    } else if (begun != null) {
      List<Runner.Run<K>> batch = begun;
      var unused = node.afterNanos(options.lingerNanos(), () -> flush(batch));
    }
  }

  private void flush(List<Runner.Run<K>> batch) {
    List<Runner.Run<K>> due = takeIf(batch);
    if (due != null) {
      runner.start(due);
    }
  }

  private synchronized @Nullable List<Runner.Run<K>> takeIf(List<Runner.Run<K>> batch) {
    return waiting == batch ? take() : null;
  }

  @GuardedBy("this") private List<Runner.Run<K>> take() {
    List<Runner.Run<K>> batch = waiting;
    waiting = new ArrayList<>();
    return batch;
  }
}
