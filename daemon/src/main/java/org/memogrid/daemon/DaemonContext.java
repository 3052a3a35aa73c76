/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

import java.time.Duration;
import org.memogrid.cache.FencingToken;
import org.memogrid.cluster.Member;

/** One turn of a daemon on a member. Thread-safe. */
public interface DaemonContext {
  String name();

  /** The member that the daemon runs on. */
  Member member();

  /**
   * The proof of this turn, for {@link org.memogrid.cache.Cache#putFenced}.
   *
   * @throws IllegalStateException on every node, where turns keep nobody out
   */
  FencingToken token();

  /**
   * Whether the turn goes on, by the clock of this very moment: false once the daemon is to stop,
   * and at once in a process that was stopped for longer than the others wait. Never true again
   * after it was false. True is no promise for the next moment: what must not happen twice is
   * written with the {@link #token()}.
   */
  boolean isActive();

  /**
   * Waits, until the time is over or the turn is.
   *
   * @return {@link #isActive()}
   * @throws InterruptedException if the thread was interrupted
   */
  boolean sleep(Duration time) throws InterruptedException;
}
