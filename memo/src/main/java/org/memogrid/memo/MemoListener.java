/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

/** Hears what happens to a memo on its own member. */
@FunctionalInterface
public interface MemoListener<K> {
  /**
   * Called on the thread that runs the function, or that is given a stale value, under no lock: the
   * caller waits for it. What it throws is logged, and changes nothing.
   */
  void on(MemoEvent<K> event);
}
