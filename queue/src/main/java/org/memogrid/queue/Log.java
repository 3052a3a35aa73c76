/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import org.jspecify.annotations.Nullable;

/** The one way in which a home changes its copy: the backup hears of it. */
final class Log {
  final QueueState state;
  final Replicator replicator;

  Log(QueueState state, Replicator replicator) {
    this.state = state;
    this.replicator = replicator;
  }

  @Nullable Entry append(Op op) {
    Entry entry = state.apply(op);
    replicator.record(op);
    return entry;
  }

  /** Where the next thing to follow is: at the end. */
  long position() {
    return state.position();
  }
}
