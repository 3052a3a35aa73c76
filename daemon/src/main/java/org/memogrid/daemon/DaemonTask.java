/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

/** What a daemon runs. */
@FunctionalInterface
public interface DaemonTask {
  /**
   * Starts the daemon, on a thread of its own that it may keep: either loops while {@link
   * DaemonContext#isActive()}, or returns and leaves something running that {@code onStop} ends.
   *
   * @throws Exception to be started again after a while
   */
  void run(DaemonContext context) throws Exception;
}
