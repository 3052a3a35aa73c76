/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A sum that many threads add to by one, exact once they have. A {@link LongAdder}'s atomic
 * instruction is a third of what a hit costs; so a thread that adds often gets a cell of its own,
 * to which nobody else writes, and adds there without one.
 *
 * <p>Invariants: a cell's count is changed by the thread that it refers to alone, and a cell takes
 * another's place only when that one's thread is gone for good, with its count.
 */
public final class HitCounter {
  private static final int CELLS = 64;

  /** How many add without a cell for one of them to get one: threads may be many and short. */
  private static final int CLAIM_EVERY = 256;

  private final AtomicReferenceArray<@Nullable Cell> cells;
  private final int claimEvery;
  private final LongAdder others = new LongAdder();

  /** Racy: a lost addition costs a later cell. */
  private int withoutCell;

  public HitCounter() {
    this(CELLS, CLAIM_EVERY);
  }

  /**
   * @param cells a power of two
   */
  HitCounter(int cells, int claimEvery) {
    this.cells = new AtomicReferenceArray<>(cells);
    this.claimEvery = claimEvery;
  }

  public void increment() {
    Thread thread = Thread.currentThread();
    int index = (int) thread.getId() & (cells.length() - 1);
    Cell cell = cells.getPlain(index);
    if (cell != null && cell.refersTo(thread)) {
      cell.increment();
    } else {
      others.increment();
      if (++withoutCell % claimEvery == 0) {
        claim(index, thread);
      }
    }
  }

  private void claim(int index, Thread thread) {
    Cell there = cells.get(index);
    if (there == null || there.refersTo(null)) {
      cells.compareAndSet(index, there, new Cell(thread, there == null ? 0 : there.count));
    }
  }

  public void add(long count) {
    others.add(count);
  }

  public long sum() {
    long sum = others.sum();
    for (int i = 0; i < cells.length(); i++) {
      Cell cell = cells.get(i);
      sum += cell == null ? 0 : cell.sum();
    }
    return sum;
  }

  /** Whether the thread has a cell. */
  boolean isCounting(Thread thread) {
    Cell cell = cells.get((int) thread.getId() & (cells.length() - 1));
    return cell != null && cell.refersTo(thread);
  }

  /** Wider than what processors share, so that neighbours do not wait for each other. */
  @SuppressWarnings({"unused", "UnusedVariable"}) // the room is what they are for
  private static final class Cell extends WeakReference<Thread> {
    private static final VarHandle COUNT;

    static {
      try {
        COUNT = MethodHandles.lookup().findVarHandle(Cell.class, "count", long.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private long count;
    private long room1;
    private long room2;
    private long room3;
    private long room4;
    private long room5;
    private long room6;
    private long room7;

    Cell(Thread thread, long count) {
      super(thread);
      this.count = count;
    }

    void increment() {
      COUNT.setOpaque(this, count + 1);
    }

    long sum() {
      return (long) COUNT.getOpaque(this);
    }
  }
}
