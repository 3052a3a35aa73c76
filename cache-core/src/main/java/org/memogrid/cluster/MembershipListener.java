/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

/** Is told when members join or leave. */
@FunctionalInterface
public interface MembershipListener {
  /** Handles a change, on one thread, in order of the changes. It must not block for long. */
  void onChange(Membership before, Membership now);
}
