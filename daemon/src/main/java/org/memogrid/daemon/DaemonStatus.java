/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.daemon;

/** What a daemon does on this member. */
public enum DaemonStatus {
  /** It runs on another member, or will be placed. */
  WAITING,
  /** It runs here. */
  RUNNING,
  /** It failed here and will be started again. */
  BACKING_OFF,
  /** It has been told to stop and has not stopped yet. */
  STOPPING,
  /** It did not stop, not even when interrupted. */
  HUNG,
  /** {@link Daemon#stop()}: this member does not offer to run it. */
  STOPPED,
  /** Another member offers it with other options, and as long as it does: the log says which. */
  REFUSED,
  /** {@link Daemon#close()}, or the cluster is closed. */
  CLOSED
}
