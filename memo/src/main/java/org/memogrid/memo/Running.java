/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * The runs that a thread is in, the innermost first; those that led to it on other threads too.
 *
 * @param inherited tokens of runs, on another member, that wait for this one
 * @param dependencies collects what this run reads of memos; null if nobody wants to know
 * @param permits what it holds one of while it does not wait for another run; null for none
 */
record Running(
    MemoNode memo,
    Object key,
    Token token,
    @Nullable Running outer,
    List<Token> inherited,
    @Nullable Set<String> dependencies,
    @Nullable Semaphore permits) {
  private static final ThreadLocal<@Nullable Running> CURRENT = new ThreadLocal<>();

  /** Whether some memo of this process wants to know what its runs read. */
  private static volatile boolean tracked;

  static boolean isTracked() {
    return tracked;
  }

  static void track() {
    tracked = true;
  }

  static @Nullable Running current() {
    return CURRENT.get();
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
    StringBuilder chain = new StringBuilder(memo.id() + " of " + key);
    for (Running running = CURRENT.get(); running != null; running = running.outer) {
      chain.insert(0, running.memo.id() + " of " + running.key + " -> ");
      if (running.memo == memo && running.key.equals(key)) {
        return chain.toString();
      }
    }
    return null;
  }

  /**
   * Waits without the permit of the run that this thread is in, so that what it waits for can run.
   */
  static <T> T withoutPermit(Waiting<T> waiting) {
    Running running = CURRENT.get();
    Semaphore permits = running == null ? null : running.permits;
    if (permits == null) {
      return waiting.get();
    }
    permits.release();
    try {
      return waiting.get();
    } finally {
      permits.acquireUninterruptibly();
    }
  }

  /** What is waited for. */
  @FunctionalInterface
  interface Waiting<T> {
    T get();
  }
}
