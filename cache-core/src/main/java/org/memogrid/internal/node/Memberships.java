/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.node;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Membership;
import org.memogrid.cluster.MembershipListener;
import org.memogrid.internal.engine.Arrival;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The current membership and who is told when it changes. */
public final class Memberships implements Arrival.View {
  private static final Logger LOG = LoggerFactory.getLogger(Memberships.class);

  private final Executor teller;
  private final List<Listening> listeners = new CopyOnWriteArrayList<>();
  private final List<Watching> watchers = new CopyOnWriteArrayList<>();
  private volatile Membership current;

  /**
   * @param teller runs one task at a time, in order
   */
  public Memberships(Membership first, Executor teller) {
    this.current = first;
    this.teller = teller;
  }

  @Override
  public Membership current() {
    return current;
  }

  /** Tells {@code listener} of every change from now on. One that throws is told of the next. */
  @Override
  public Registration listen(MembershipListener listener) {
    Listening own = new Listening(listener);
    listeners.add(own);
    return () -> listeners.remove(own);
  }

  /** Tells {@code watcher} of every change at once, on the thread that brings it. */
  Registration watch(Runnable watcher) {
    Watching own = new Watching(watcher);
    watchers.add(own);
    return () -> watchers.remove(own);
  }

  /** Takes a new membership. Called by one thread at a time. */
  void change(Membership now) {
    Membership before = current;
    current = now;
    watchers.forEach(Watching::tell);
    List<Listening> told = List.copyOf(listeners);
    if (!told.isEmpty()) {
      teller.execute(() -> tell(told, before, now));
    }
  }

  private static void tell(List<Listening> told, Membership before, Membership now) {
    for (Listening each : told) {
      try {
        each.listener.onChange(before, now);
      } catch (RuntimeException | Error e) {
        LOG.error("membership listener {} failed on {}", each.listener, now, e);
      }
    }
  }

  /** One watcher, equal to no other. What it throws is no reason to keep a view from the rest. */
  private static final class Watching {
    private final Runnable watcher;

    Watching(Runnable watcher) {
      this.watcher = watcher;
    }

    void tell() {
      try {
        watcher.run();
      } catch (RuntimeException | Error e) {
        LOG.error("{} failed on a new view", watcher, e);
      }
    }
  }

  /** One registration, equal to no other of the same listener. */
  private static final class Listening {
    private final MembershipListener listener;

    Listening(MembershipListener listener) {
      this.listener = listener;
    }
  }
}
