/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

/** Hears what becomes of a daemon on its member. */
@FunctionalInterface
public interface DaemonListener {
  /**
   * The status has changed. Called in order, one at a time, on a thread that must not be blocked
   * for long. What it throws is logged.
   */
  void onStatus(Daemon daemon, DaemonStatus status);
}
