/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.infinispan.notifications.Listenable;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachelistener.annotation.TopologyChanged;
import org.infinispan.notifications.cachelistener.event.TopologyChangedEvent;
import org.infinispan.notifications.cachemanagerlistener.annotation.Merged;
import org.infinispan.notifications.cachemanagerlistener.annotation.ViewChanged;
import org.infinispan.notifications.cachemanagerlistener.event.ViewChangedEvent;
import org.memogrid.cache.Registration;
import org.memogrid.internal.store.Serial;
import org.memogrid.internal.store.Topology;

/**
 * The configurations of one store: the present one, and news of others, in order, to each listener
 * on one thread at a time.
 */
final class Topologies {
  private final Supplier<Topology> current;
  private final Listenable source;
  private final Executor threads;

  /**
   * @param source the cache if its configurations are the engine's, the manager if they are views
   */
  Topologies(Supplier<Topology> current, Listenable source, Executor threads) {
    this.current = current;
    this.source = source;
    this.threads = threads;
  }

  Topology current() {
    return current.get();
  }

  Registration listen(Consumer<Topology> listener) {
    Serial serial = new Serial(threads);
    Runnable tell =
        () -> {
          Topology now = current.get();
          serial.execute(() -> listener.accept(now));
        };
    Object changes = new Changes(tell);
    source.addListener(changes);
    return () -> source.removeListener(changes);
  }

  /** Annotated for both kinds of source; each finds its own. */
  @Listener(observation = Listener.Observation.POST)
  static final class Changes {
    private final Runnable tell;

    Changes(Runnable tell) {
      this.tell = tell;
    }

    @TopologyChanged
    public void onTopology(TopologyChangedEvent<?, ?> unused) {
      tell.run();
    }

    @ViewChanged
    @Merged
    public void onView(ViewChangedEvent unused) {
      tell.run();
    }
  }
}
