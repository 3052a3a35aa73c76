/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import org.jspecify.annotations.Nullable;

/** The one way in which a home changes its copy: the backup hears of it, and the disk. */
final class Log {
  final QueueState state;
  final Replicator replicator;
  final Spool spool;

  Log(QueueState state, Replicator replicator, Spool spool) {
    this.state = state;
    this.replicator = replicator;
    this.spool = spool;
  }

  @Nullable Entry append(Op op) {
    Entry entry = state.apply(op);
    replicator.record(op);
    spool.note(op, entry);
    return entry;
  }

  /** Where the next thing to follow is: at the end. */
  long position() {
    return state.position();
  }
}
