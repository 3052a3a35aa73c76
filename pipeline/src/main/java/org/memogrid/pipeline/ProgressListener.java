/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

/** Hears what happens on this node. */
@FunctionalInterface
public interface ProgressListener {
  /** Called on the thread where it happens, which it must not hold up; what it throws is logged. */
  void on(Progress progress);
}
