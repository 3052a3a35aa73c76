/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.sql.SQLException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * That one process, or one cluster, has a table, as a lock on a file says it of files: in two rows
 * of the table itself. Who holds it answers those who knock, so that who does not answer for {@link
 * #PATIENCE} pauses is dead, and the table is free. Nothing is written while nobody knocks and the
 * member that is named stays. Thread-safe.
 *
 * <pre>
 * holder    the number of its last change, and a {@link Holder}; nobody if it has let go
 * knock     who has knocked last, and at which number
 * </pre>
 *
 * <p>Invariant: the number rises with each change of the holder's row, which is made only over the
 * one that was read. So of two that take a table which is free one has it; and who was taken for
 * dead while it stood still finds another there when it {@linkplain #look looks}.
 */
final class TableHold {
  /** So many pauses; a holder looks once in ten of them, and is not to be late by two looks. */
  static final int PATIENCE = 35;

  private static final String HOLDER = Table.MARK + " holder";
  private static final String KNOCK = Table.MARK + " knock";
  private static final int ROUNDS = 10;
  private static final byte[] NOTHING = {};

  private final Table table;
  private final String name;
  private final String member;
  private final Kin kin;

  /** The knock that was answered last. */
  private String answered = "";

  /** The tenure of this one and its kin. */
  private volatile String term = "";

  private volatile @Nullable Holder lostTo;

  /** Between two looks at what a holder says. */
  interface Pause {
    void make() throws InterruptedException;
  }

  /**
   * Who has a table.
   *
   * @param name of one of those who do, for people; empty if it was let go
   * @param member who that is, for {@link Kin}
   * @param term the same for all that have the table together, and no others
   */
  private record Holder(String name, String member, String term) {
    private static Holder of(Table.Row row) {
      String[] lines = new String(row.entry, UTF_8).split("\n", -1);
      String first = lines[0];
      return new Holder(
          first, lines.length < 2 ? first : lines[1], lines.length < 3 ? first : lines[2]);
    }

    private byte[] bytes() {
      return (name + '\n' + member + '\n' + term).getBytes(UTF_8);
    }

    private boolean isNobody() {
      return name.isEmpty();
    }
  }

  /**
   * One that takes it for itself.
   *
   * @param name who that is, in words that no other has
   */
  TableHold(Table table, String name) {
    this(table, name, name, new Kin(name::equals));
  }

  /**
   * One that takes it for itself and its kin.
   *
   * @param member what its kin know it by
   */
  TableHold(Table table, String name, String member, Kin kin) {
    this.table = table;
    this.name = name;
    this.member = member;
    this.kin = kin;
  }

  /**
   * Takes the table if it is free, which takes a while if its last holder was killed, or joins its
   * kin.
   *
   * @return who has it; null if it is this one, or its kin, now
   */
  @Nullable String take(Pause pause) throws SQLException, InterruptedException {
    for (int i = 0; i < ROUNDS; i++) {
      Table.Row there = table.find(HOLDER);
      if (there != null && joins(there)) {
        return null;
      }
      if (there == null || isFree(there, pause)) {
        term = UUID.randomUUID().toString();
        if (put(there, mine())) {
          return null;
        }
        continue; // another was faster
      }
      Table.Row now = table.find(HOLDER);
      if (now != null && joins(now)) {
        return null;
      }
      if (now != null && !Holder.of(now).isNobody()) {
        return Holder.of(now).name;
      }
    }
    return "others that open it at this moment";
  }

  /** Whether its kin have it, and so it too. */
  private boolean joins(Table.Row row) {
    Holder there = Holder.of(row);
    if (!kin.has(there.member)) {
      return false;
    }
    term = there.term;
    return true;
  }

  private boolean isFree(Table.Row row, Pause pause) throws SQLException, InterruptedException {
    Holder there = Holder.of(row);
    if (there.isNobody() || kin.isSilent(there.member)) {
      return true;
    }
    table.write(KNOCK, row(0, (name + ' ' + row.ends).getBytes(UTF_8)));
    for (int i = 0; i < PATIENCE; i++) {
      pause.make();
      Table.Row now = table.find(HOLDER);
      if (now == null || now.ends != row.ends) {
        return false;
      }
    }
    kin.silent(there.member);
    return true;
  }

  private Holder mine() {
    return new Holder(name, member, term);
  }

  private boolean put(Table.@Nullable Row over, Holder holder) throws SQLException {
    return over == null
        ? table.insert(HOLDER, row(1, holder.bytes()))
        : table.replace(HOLDER, over.ends, row(over.ends + 1, holder.bytes()));
  }

  private static Table.Row row(long number, byte[] what) {
    return new Table.Row(-1, number, NOTHING, what);
  }

  /**
   * Answers who has knocked, takes the place of kin that is gone, and finds out whether another has
   * the table. For who has it.
   */
  synchronized void look() throws SQLException {
    Table.Row row = table.find(HOLDER);
    if (row == null) {
      return; // somebody has deleted the row: whoever comes makes a new one
    }
    Holder there = Holder.of(row);
    Holder lost = lostTo;
    if (lost != null) {
      // Kin that this one had not heard of yet took it, when nobody answered.
      if (kin.has(there.member) && there.term.equals(lost.term)) {
        term = there.term;
        lostTo = null;
      }
    } else if (kin.has(there.member)) {
      term = there.term;
      answer(row, there);
    } else if (there.term.equals(term)) {
      var unused = put(row, mine()); // if not, another was faster
    } else {
      lostTo = there;
    }
  }

  private void answer(Table.Row row, Holder there) throws SQLException {
    Table.Row knock = table.find(KNOCK);
    String who = knock == null ? answered : new String(knock.entry, UTF_8);
    if (!who.equals(answered) && put(row, there)) {
      answered = who;
    }
  }

  boolean isLost() {
    return lostTo != null;
  }

  /** Who has it in place of this one, as far as it knows; null if this one has. */
  @Nullable String lostTo() {
    Holder lost = lostTo;
    return lost == null ? null : lost.isNobody() ? "nobody any more" : lost.name;
  }

  /** Whoever comes next need not wait. For the last of its kin. */
  synchronized void release() throws SQLException {
    Table.Row there = table.find(HOLDER);
    if (there != null && Holder.of(there).term.equals(term)) {
      var unused = put(there, new Holder("", "", term));
    }
  }
}
