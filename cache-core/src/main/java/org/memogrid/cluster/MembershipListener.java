/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

/** Is told when members join or leave. */
@FunctionalInterface
public interface MembershipListener {
  /**
   * Handles a change, in order of the changes, on one thread that all listeners of a member share:
   * one that blocks keeps the news from the others. What it throws is logged, and it is told of the
   * next change.
   *
   * @param before what the previous call had as {@code now}
   */
  void onChange(Membership before, Membership now);
}
