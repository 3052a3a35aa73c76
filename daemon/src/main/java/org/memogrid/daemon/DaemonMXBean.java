/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

import org.jspecify.annotations.Nullable;

/** A daemon of a member, in JMX. */
public interface DaemonMXBean {
  String getStatus();

  /** The node that runs it; null if nobody does. */
  @Nullable String getHolder();

  /** The number of the last token known here; 0 before the first. */
  long getToken();

  long getStarts();

  long getFailures();

  void start();

  void stop();
}
