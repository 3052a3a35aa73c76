/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;

/**
 * Engines at rest. A thread looks first in the slot where it last left one; when all slots are
 * empty it makes a new engine, so nobody waits. Lock-free, and independent of thread locals, which
 * would keep an engine per virtual thread.
 */
final class EnginePool {
  private final AtomicReferenceArray<Engine> slots =
      new AtomicReferenceArray<>(
          Integer.highestOneBit(4 * Runtime.getRuntime().availableProcessors() - 1) * 2);
  private final Supplier<Engine> maker;

  EnginePool(Supplier<Engine> maker) {
    this.maker = maker;
  }

  Engine take() {
    int first = firstSlot();
    for (int i = 0; i < slots.length(); i++) {
      int slot = (first + i) & (slots.length() - 1);
      if (slots.getPlain(slot) != null) {
        Engine engine = slots.getAndSet(slot, null);
        if (engine != null) {
          return engine;
        }
      }
    }
    return maker.get();
  }

  /** Drops the engine if its neighbourhood is full. */
  void giveBack(Engine engine) {
    int first = firstSlot();
    for (int i = 0; i < 4; i++) {
      if (slots.compareAndSet((first + i) & (slots.length() - 1), null, engine)) {
        return;
      }
    }
  }

  private int firstSlot() {
    return (int) Thread.currentThread().getId() & (slots.length() - 1);
  }
}
