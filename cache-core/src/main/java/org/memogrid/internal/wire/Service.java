/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.wire;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One service of a member, served or not yet.
 *
 * <p>Invariant: while frames are held, later ones are held too, behind them; so the order per
 * sender survives the moment in which the service comes. {@code receiver} is set, under the lock,
 * only when nothing is held.
 */
final class Service {
  private final String name;
  private final Consumer<Frame> refuse;
  private final BooleanSupplier memberIsOpen;
  private final Queue<Frame> held = new ArrayDeque<>();
  private boolean draining;
  private volatile boolean served;
  private volatile @Nullable Receiver<?> receiver;

  Service(String name, Consumer<Frame> refuse, BooleanSupplier memberIsOpen) {
    this.name = name;
    this.refuse = refuse;
    this.memberIsOpen = memberIsOpen;
  }

  void accept(Frame frame) {
    Receiver<?> present = receiver;
    if (present == null) {
      synchronized (this) {
        present = receiver;
        if (present == null && (draining || !memberIsOpen.getAsBoolean())) {
          held.add(frame);
          return;
        }
      }
    }
    if (present == null) {
      refuse.accept(frame);
    } else {
      present.accept(frame);
    }
  }

  void serve(Receiver<?> newcomer) {
    synchronized (this) {
      if (receiver != null || draining) {
        throw new IllegalStateException(
            "service '" + name + "' is served already: close its registration first");
      }
      draining = true;
      served = true;
    }
    for (Frame next = nextOrServe(newcomer); next != null; next = nextOrServe(newcomer)) {
      newcomer.accept(next);
    }
  }

  private synchronized @Nullable Frame nextOrServe(Receiver<?> newcomer) {
    Frame next = held.poll();
    if (next == null) {
      receiver = newcomer;
      draining = false;
    }
    return next;
  }

  synchronized void end(Receiver<?> leaving) {
    if (receiver == leaving) {
      receiver = null;
    }
  }

  /** False also for one that has ended since, with its member. */
  boolean wasNeverServed() {
    return !served;
  }

  /** The member is open: what is still held finds no service. */
  void open() {
    List<Frame> refused;
    synchronized (this) {
      if (receiver != null || draining) {
        return;
      }
      refused = new ArrayList<>(held);
      held.clear();
    }
    refused.forEach(refuse);
  }
}
