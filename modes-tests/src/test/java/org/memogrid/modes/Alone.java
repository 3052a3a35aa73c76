/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import org.memogrid.testkit.NodeProcess;

/** Whether a member that stood still was a side of its own for a moment when it went on. */
final class Alone {
  private Alone() {}

  /** Runs that each time when the node, from now on, sees nobody but itself. */
  static void onAlone(NodeProcess node, Runnable then) {
    node.onEvent("alone", told -> then.run());
    node.run(
        there -> {
          var unused =
              there
                  .cluster()
                  .onMembership(
                      (before, now) -> {
                        if (now.members().size() == 1) {
                          there.emit("alone", "");
                        }
                      });
        });
  }
}
