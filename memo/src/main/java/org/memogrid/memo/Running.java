/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * The runs that a thread is in, the innermost first; those that led to it on other threads too.
 *
 * @param inherited tokens of runs, on another member, that wait for this one
 * @param dependencies collects what this run reads of memos; null if nobody wants to know
 * @param permits what it holds one of while it does not wait for another run; null for none
 * @param execution what is told to stop
 * @param depth how many runs its thread was in when it began
 */
record Running(
    MemoNode memo,
    Object key,
    Token token,
    @Nullable Running outer,
    List<Token> inherited,
    @Nullable Dependencies dependencies,
    @Nullable Semaphore permits,
    Execution execution,
    int depth) {
  private static final ThreadLocal<@Nullable Running> CURRENT = new ThreadLocal<>();

  /** Whether some memo of this process wants to know what its runs read. */
  private static volatile boolean tracked;

  /** The run that this thread is in, for what it reads; null also if nobody wants to know. */
  static @Nullable Running reader() {
    return tracked ? CURRENT.get() : null;
  }

  static void track() {
    tracked = true;
  }

  static @Nullable Running current() {
    return CURRENT.get();
  }

  /** How many runs this thread is in. */
  static int nested() {
    Running running = CURRENT.get();
    return running == null ? 0 : running.depth + 1;
  }

  /** Returns what the thread was in before, for {@link #exit}. */
  static @Nullable Running enter(Running now) {
    Running before = CURRENT.get();
    CURRENT.set(now);
    return before;
  }

  static void exit(@Nullable Running before) {
    if (before == null) {
      CURRENT.remove();
    } else {
      CURRENT.set(before);
    }
  }

  /** The tokens of all runs that wait for this thread, of whatever memo; the innermost first. */
  static List<Token> tokens() {
    Running running = CURRENT.get();
    if (running == null) {
      return List.of();
    }
    List<Token> tokens = new ArrayList<>();
    for (; running != null; running = running.outer) {
      tokens.add(running.token);
      tokens.addAll(running.inherited);
    }
    return tokens;
  }

  /** Null, or how this thread came to ask for the key while it runs it. */
  static @Nullable String cycle(MemoNode memo, Object key) {
    int length = 0;
    for (Running running = CURRENT.get(); running != null; running = running.outer) {
      length++;
      if (running.memo == memo && running.key.equals(key)) {
        return chain(length) + name(memo, key);
      }
    }
    return null;
  }

  /** The innermost so many runs, from the outermost of them on. */
  private static String chain(int length) {
    StringBuilder chain = new StringBuilder();
    Running running = CURRENT.get();
    for (int i = 0; i < length && running != null; i++) {
      chain.insert(0, name(running.memo, running.key) + " -> ");
      running = running.outer;
    }
    return chain.toString();
  }

  private static String name(MemoNode memo, Object key) {
    return memo.id() + " of " + key;
  }

  /**
   * Waits without the permit of the run that this thread is in, so that what it waits for can run.
   */
  static <T> T withoutPermit(Waiting<T> waiting) {
    Lent lent = lend();
    try {
      return waiting.get();
    } finally {
      lent.takeBack();
    }
  }

  /** Gives the permit of the run that this thread is in to others, until it is taken back. */
  static Lent lend() {
    Running running = CURRENT.get();
    Semaphore permits = running == null ? null : running.permits;
    if (permits != null) {
      permits.release();
    }
    return new Lent(permits);
  }

  /** A permit that others may have. */
  record Lent(@Nullable Semaphore permits) {
    void takeBack() {
      if (permits != null) {
        permits.acquireUninterruptibly();
      }
    }
  }

  /** What is waited for. */
  @FunctionalInterface
  interface Waiting<T> {
    T get();
  }
}
