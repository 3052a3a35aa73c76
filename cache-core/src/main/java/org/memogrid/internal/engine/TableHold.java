/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * That one process has a table, as a lock on a file says it of files: in two rows of the table
 * itself. Who holds it answers those who knock, so that who does not answer for {@link #PATIENCE}
 * pauses is dead, and the table is free. Nothing is written while nobody knocks. Thread-safe.
 *
 * <pre>
 * holder    the number of its last change, and who it is; nobody if it has let go
 * knock     who has knocked last
 * </pre>
 *
 * <p>Invariant: the number rises with each change of the holder's row, which is made only over the
 * one that was read. So of two that take a table which is free one has it; and who was taken for
 * dead while its process stood still finds another there when it {@linkplain #look looks}.
 */
final class TableHold {
  /** So many pauses; a holder looks once in ten of them, and is not to be late by two looks. */
  static final int PATIENCE = 35;

  private static final String HOLDER = Table.MARK + " holder";
  private static final String KNOCK = Table.MARK + " knock";
  private static final int ROUNDS = 10;
  private static final byte[] NOBODY = {};

  private final Table table;
  private final String self;

  /** The knock that was answered last. */
  private String answered = "";

  private volatile @Nullable String lostTo;

  /** Between two looks at what a holder says. */
  interface Pause {
    void make() throws InterruptedException;
  }

  /**
   * @param self who takes it, in words that no other has
   */
  TableHold(Table table, String self) {
    this.table = table;
    this.self = self;
  }

  /**
   * Takes the table if it is free, which takes a while if its last holder was killed.
   *
   * @return who has it; null if it is this one now
   */
  @Nullable String take(Pause pause) throws SQLException, InterruptedException {
    String other = "others that open it at this moment";
    for (int i = 0; i < ROUNDS; i++) {
      Table.Row there = table.find(HOLDER);
      if (there == null || isFree(there) || !answers(there, pause)) {
        if (put(there, self.getBytes(UTF_8))) {
          return null;
        }
        continue; // another was faster
      }
      Table.Row now = table.find(HOLDER);
      if (now != null && !isFree(now)) {
        return nameOf(now);
      }
    }
    return other;
  }

  private static boolean isFree(Table.Row holder) {
    return holder.entry.length == 0;
  }

  private static String nameOf(Table.Row row) {
    return new String(row.entry, UTF_8);
  }

  private boolean answers(Table.Row holder, Pause pause) throws SQLException, InterruptedException {
    table.write(KNOCK, row(0, (self + " " + holder.ends).getBytes(UTF_8)));
    for (int i = 0; i < PATIENCE; i++) {
      pause.make();
      Table.Row now = table.find(HOLDER);
      if (now == null || now.ends != holder.ends) {
        return true;
      }
    }
    return false;
  }

  private boolean put(Table.@Nullable Row over, byte[] who) throws SQLException {
    return over == null
        ? table.insert(HOLDER, row(1, who))
        : table.replace(HOLDER, over.ends, row(over.ends + 1, who));
  }

  private static Table.Row row(long number, byte[] who) {
    return new Table.Row(-1, number, NOBODY, who);
  }

  /** Answers who has knocked, and finds out whether another has the table. For who has it. */
  synchronized void look() throws SQLException {
    Table.Row there = table.find(HOLDER);
    if (there == null || lostTo != null) {
      return; // somebody has deleted the row: whoever comes makes a new one
    }
    if (!nameOf(there).equals(self)) {
      lostTo = isFree(there) ? "nobody any more" : nameOf(there);
      return;
    }
    Table.Row knock = table.find(KNOCK);
    if (knock != null && !nameOf(knock).equals(answered) && put(there, there.entry)) {
      answered = nameOf(knock);
    }
  }

  /** Who has it in place of this one, as far as it knows; null if this one has. */
  @Nullable String lostTo() {
    return lostTo;
  }

  /** Whoever comes next need not wait. */
  synchronized void release() throws SQLException {
    Table.Row there = table.find(HOLDER);
    if (there != null && nameOf(there).equals(self)) {
      var unused = put(there, NOBODY);
    }
  }
}
