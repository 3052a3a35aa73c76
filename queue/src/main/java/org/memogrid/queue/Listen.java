/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/** How a listener gets messages. Immutable: each method gives another. */
public final class Listen {
  private static final int MOST = 100_000;

  private final int threads;
  private final int prefetch;
  private final int most;
  private final @Nullable Selector selector;

  private Listen(int threads, int prefetch, int most, @Nullable Selector selector) {
    this.threads = threads;
    this.prefetch = prefetch;
    this.most = most;
    this.selector = selector;
  }

  /**
   * So many messages are handled at a time, each on a thread of its own; those of one listener
   * begin in the order in which they were handed out.
   *
   * @throws IllegalArgumentException if it is below one
   */
  public static Listen concurrency(int threads) {
    return new Listen(Options.atLeast("the concurrency of a listener", 1, threads), 0, 0, null);
  }

  /**
   * So many messages at most are on this member for the listener, those that are handled included;
   * twice the concurrency unless said otherwise. More hides the way from the dispatching member
   * where handling is short, and shares less evenly.
   *
   * @throws IllegalArgumentException if it is below the concurrency, or above 100,000
   */
  public Listen prefetch(int messages) {
    if (messages > MOST) {
      throw new IllegalArgumentException(
          "the prefetch of a listener is " + messages + ": give at most " + MOST);
    }
    return new Listen(
        threads, Options.atLeast("the prefetch of a listener", threads, messages), 0, selector);
  }

  /**
   * The prefetch follows what the listener does: twice the concurrency, those messages that {@link
   * MessageQueue#listenAsync} waits for, and as many as are handled in some 20 ms; never more than
   * {@code most}. So short work does not wait for the way from the dispatching member, and long
   * work does not pile up on one member.
   *
   * @throws IllegalArgumentException if it is below twice the concurrency, or above 100,000
   */
  public Listen adaptive(int most) {
    if (most > MOST) {
      throw new IllegalArgumentException(
          "the prefetch of a listener is up to " + most + ": give at most " + MOST);
    }
    int checked = Options.atLeast("the largest prefetch of a listener", 2 * threads, most);
    return new Listen(threads, 2 * threads, checked, selector);
  }

  /** The listener gets those messages alone; others wait for other listeners. */
  public Listen selector(Selector selector) {
    return new Listen(threads, prefetch, most, requireNonNull(selector, "selector"));
  }

  int threads() {
    return threads;
  }

  int window() {
    return prefetch == 0 ? Math.min(MOST, 2 * threads) : prefetch;
  }

  /** How large an adaptive window may be; 0 for one that stays as it is. */
  int most() {
    return most;
  }

  @Nullable Selector wanted() {
    return selector;
  }
}
