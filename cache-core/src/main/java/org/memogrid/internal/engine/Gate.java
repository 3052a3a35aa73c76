/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the engine wait with a topology of one cache until what it means is on the disk; for ever
 * once this member may take part in nothing more, until the gate is opened for the member to leave.
 * Thread-safe.
 */
final class Gate {
  private static final Logger LOG = LoggerFactory.getLogger(Gate.class);

  private final SharedFiles files;
  private final Serving serving;

  /** On the thread of the events. */
  private final Set<CompletableFuture<Void>> waiting = new HashSet<>();

  private volatile boolean open;

  Gate(SharedFiles files, Serving serving) {
    this.files = files;
    this.serving = serving;
  }

  /** Done when the event is, in which the engine's word is taken. */
  CompletionStage<Void> pass(Runnable event) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    files.execute(
        () -> {
          waiting.add(done);
          try {
            if (!serving.hasEnded()) {
              event.run();
            }
          } catch (RuntimeException e) { // what this member has on its disk may not be what is
            LOG.debug("what the engine said was not taken", e);
            serving.end("it did not take what the engine said, " + e + ": start this member again");
          }
          if (open || !serving.hasEnded()) {
            complete();
          }
        });
    return done;
  }

  /** The engine goes on by it on another thread. */
  private void complete() {
    List<CompletableFuture<Void>> all = List.copyOf(waiting);
    waiting.clear();
    files.work(() -> all.forEach(each -> each.complete(null)));
  }

  /** Nobody waits any more, since this member stops. */
  void open() {
    open = true;
    files.execute(this::complete);
  }
}
