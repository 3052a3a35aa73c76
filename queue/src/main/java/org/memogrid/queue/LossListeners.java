/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.memogrid.cache.Registration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who hears on this member that messages of a queue are gone. Thread-safe. */
final class LossListeners {
  private static final Logger LOG = LoggerFactory.getLogger(LossListeners.class);

  private final String queue;
  private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();

  LossListeners(String queue) {
    this.queue = queue;
  }

  Registration add(Consumer<String> listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  void tell(String what) {
    for (Consumer<String> listener : listeners) {
      try {
        listener.accept(what);
      } catch (RuntimeException | Error e) {
        LOG.error("listener {} of queue '{}' failed on: {}", listener, queue, what, e);
      }
    }
  }
}
