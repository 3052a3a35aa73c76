/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

/** Hears what becomes of a daemon on its member. */
@FunctionalInterface
public interface DaemonListener {
  /** The status has changed. Called in order, on a thread that must not be blocked for long. */
  void onStatus(Daemon daemon, DaemonStatus status);
}
