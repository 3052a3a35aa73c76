/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Of several processes that want one table one has it, and who stands still loses it. */
class TableHoldTest {
  private static final TableHold.Pause NOT_NEEDED =
      () -> {
        throw new AssertionError("it need not wait");
      };
  private static final TableHold.Pause NOBODY_ANSWERS = () -> {};

  private final String url = "jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1";
  private Table table;
  private TableHold first;
  private TableHold second;

  @BeforeEach
  void make() throws SQLException {
    table = new Table(Connections.of(url), "prices");
    assertThat(table.create()).isTrue();
    first = new TableHold(table, "first");
    second = new TableHold(table, "second");
  }

  @AfterEach
  void end() throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      statement.execute("SHUTDOWN");
    }
  }

  private static TableHold.Pause answering(TableHold holder) {
    return () -> {
      try {
        holder.look();
      } catch (SQLException e) {
        throw new AssertionError(e);
      }
    };
  }

  @Test
  void whoAnswersKeepsItAndIsNamed() throws Exception {
    assertThat(first.take(NOT_NEEDED)).isNull();
    assertThat(second.take(answering(first))).isEqualTo("first");
    assertThat(second.take(answering(first))).isEqualTo("first"); // each knock is answered
    assertThat(first.lostTo()).isNull();
  }

  @Test
  void whoDoesNotAnswerLosesItAndFindsOut() throws Exception {
    assertThat(first.take(NOT_NEEDED)).isNull();
    assertThat(second.take(NOBODY_ANSWERS)).isNull();
    first.look();
    assertThat(first.lostTo()).isEqualTo("second");
    first.release(); // it is not its own any more
    second.look();
    assertThat(second.lostTo()).isNull();
    assertThat(first.take(answering(second))).isEqualTo("second");
  }

  @Test
  void whoLetsGoLeavesItFreeAtOnce() throws Exception {
    assertThat(first.take(NOT_NEEDED)).isNull();
    first.release();
    assertThat(second.take(NOT_NEEDED)).isNull();
    second.release();
    first.look();
    assertThat(first.lostTo()).isEqualTo("nobody any more");
  }

  @Test
  void anAnswerAtTheLastMomentCounts() throws Exception {
    assertThat(first.take(NOT_NEEDED)).isNull();
    int[] pauses = {0};
    TableHold.Pause late =
        () -> {
          if (++pauses[0] == TableHold.PATIENCE) {
            answering(first).make();
          }
        };
    assertThat(second.take(late)).isEqualTo("first");
  }

  @Test
  void whoKnocksBesideAnotherFindsThatOneIfItWasFaster() throws Exception {
    assertThat(first.take(NOT_NEEDED)).isNull();
    TableHold third = new TableHold(table, "third");
    int[] pauses = {0};
    TableHold.Pause takenMeanwhile =
        () -> {
          if (++pauses[0] == TableHold.PATIENCE) {
            try {
              assertThat(third.take(NOBODY_ANSWERS)).isNull();
            } catch (SQLException e) {
              throw new AssertionError(e);
            }
          } else if (pauses[0] > TableHold.PATIENCE) {
            answering(third).make();
          }
        };
    assertThat(second.take(takenMeanwhile)).isEqualTo("third");
  }

  @Test
  void ofManyAtOnceOneHasIt() throws Exception {
    for (int round = 0; round < 20; round++) {
      int many = 6;
      CyclicBarrier together = new CyclicBarrier(many);
      ExecutorService threads = Executors.newFixedThreadPool(many);
      List<TableHold> holds = new ArrayList<>();
      List<Future<String>> taken = new ArrayList<>();
      for (int i = 0; i < many; i++) {
        TableHold each = new TableHold(table, "round " + round + ", " + i);
        holds.add(each);
        taken.add(
            threads.submit(
                () -> {
                  together.await();
                  return Objects.toString(each.take(() -> holds.forEach(TableHoldTest::look)));
                }));
      }
      List<TableHold> winners = new ArrayList<>();
      for (int i = 0; i < many; i++) {
        if (taken.get(i).get().equals("null")) {
          winners.add(holds.get(i));
        }
      }
      threads.shutdown();
      assertThat(winners).hasSize(1);
      winners.get(0).release();
    }
  }

  private static void look(TableHold hold) {
    try {
      hold.look();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void entriesAndTheRowsOfWhoHasItDoNotMeet() throws Exception {
    assertThat(first.take(NOT_NEEDED)).isNull();
    assertThat(second.take(answering(first))).isEqualTo("first");
    assertThat(table.count(0, null)).isZero();
    table.purge(Long.MAX_VALUE);
    table.clear();
    first.look();
    assertThat(first.lostTo()).isNull();
    assertThat(second.take(answering(first))).isEqualTo("first");
  }

  // ---- members of a cluster

  /** A view, which is each member's own. */
  private final Set<String> together = ConcurrentHashMap.newKeySet();

  private TableHold member(String id, Set<String> view) {
    return new TableHold(table, "member " + id, id, new Kin(view::contains));
  }

  private TableHold member(String id) {
    together.add(id);
    return member(id, together);
  }

  private static void takeTogether(TableHold... members) throws Exception {
    for (TableHold each : members) {
      assertThat(each.take(NOT_NEEDED)).isNull();
    }
  }

  @Test
  void membersOfOneClusterHaveItTogetherAndAStrangerIsRefusedWhoeverAnswers() throws Exception {
    TableHold a = member("a");
    TableHold b = member("b");
    takeTogether(a, b);
    assertThat(first.take(answering(b))).isEqualTo("member a");
    assertThat(first.take(answering(a))).isEqualTo("member a");
    TableHold stranger = member("x", Set.of("x"));
    assertThat(stranger.take(answering(b))).isEqualTo("member a");
    a.look();
    b.look();
    assertThat(a.lostTo()).isNull();
    assertThat(b.lostTo()).isNull();
  }

  @Test
  void aClusterIsRefusedWhatAProcessHas() throws Exception {
    assertThat(first.take(NOT_NEEDED)).isNull();
    assertThat(member("a").take(answering(first))).isEqualTo("first");
  }

  /** Its place is taken when it has left the view, so who joins then need not knock. */
  @Test
  void whoIsNamedMayDieAndTheOthersGoOn() throws Exception {
    TableHold a = member("a");
    TableHold b = member("b");
    takeTogether(a, b);
    together.remove("a");
    b.look();
    assertThat(member("c").take(NOT_NEEDED)).isNull();
    assertThat(first.take(answering(b))).isEqualTo("member b");
    assertThat(b.lostTo()).isNull();
  }

  /** The one that joins had not heard who is there when it asked, nor had they heard of it. */
  @Test
  void whoJoinsBeforeItsViewIsKnownKnocksAndIsLetInByTheAnswer() throws Exception {
    TableHold a = member("a");
    assertThat(a.take(NOT_NEEDED)).isNull();
    Set<String> view = ConcurrentHashMap.newKeySet();
    view.add("b");
    TableHold b = member("b", view);
    assertThat(
            b.take(
                () -> {
                  together.add("b");
                  view.add("a");
                  answering(a).make();
                }))
        .isNull();
    assertThat(first.take(answering(b))).isEqualTo("member a"); // which is in its view
  }

  @Test
  void aClusterThatDoesNotAnswerLosesItOnAllMembers() throws Exception {
    TableHold a = member("a");
    TableHold b = member("b");
    takeTogether(a, b);
    TableHold stranger = member("x", Set.of("x"));
    assertThat(stranger.take(NOBODY_ANSWERS)).isNull();
    a.look();
    b.look();
    assertThat(a.lostTo()).isEqualTo("member x");
    assertThat(b.lostTo()).isEqualTo("member x");
    stranger.release();
    a.look();
    assertThat(a.lostTo()).as("what it has is old").isEqualTo("member x");
    TableHold c = member("c");
    assertThat(c.take(NOT_NEEDED)).isNull();
    a.look();
    assertThat(a.lostTo()).as("what it has is old").isEqualTo("member x");
  }

  /** Nobody answered it, and a member that went on then had no view with it yet. */
  @Test
  void kinThatTookItWhileNobodyAnsweredIsNoStranger() throws Exception {
    Set<String> old = ConcurrentHashMap.newKeySet();
    old.add("a");
    TableHold a = member("a", old);
    assertThat(a.take(NOT_NEEDED)).isNull();
    TableHold b = member("b");
    assertThat(b.take(NOBODY_ANSWERS)).isNull();
    a.look();
    assertThat(a.lostTo()).isEqualTo("member b");
    old.add("b");
    a.look();
    assertThat(a.lostTo()).isNull();
  }

  /** A member that was cut off closes last of those it sees, and says that nobody has it. */
  @Test
  void whatAMemberOfItsOwnLetGoIsTakenAgain() throws Exception {
    TableHold a = member("a");
    TableHold b = member("b");
    takeTogether(a, b);
    a.release();
    b.look();
    assertThat(b.lostTo()).isNull();
    assertThat(first.take(answering(b))).isEqualTo("member b");
  }

  /** A cluster with many tables that was killed is waited for once. */
  @Test
  void whoIsSilentForOneTableIsNotWaitedForAtTheNext() throws Exception {
    Table other = new Table(Connections.of(url), "more");
    assertThat(other.create()).isTrue();
    Kin dead = new Kin(Set.of("dead")::contains);
    assertThat(new TableHold(table, "member dead", "dead", dead).take(NOT_NEEDED)).isNull();
    assertThat(new TableHold(other, "member dead", "dead", dead).take(NOT_NEEDED)).isNull();
    Kin next = new Kin(Set.of("next")::contains);
    assertThat(new TableHold(table, "member next", "next", next).take(NOBODY_ANSWERS)).isNull();
    assertThat(new TableHold(other, "member next", "next", next).take(NOT_NEEDED)).isNull();
  }

  @Test
  void nothingIsWrittenWhileNobodyKnocks() throws Exception {
    TableHold a = member("a");
    TableHold b = member("b");
    takeTogether(a, b);
    assertThat(first.take(answering(b))).isEqualTo("member a");
    a.look(); // it answers too, late
    long number = number();
    for (int i = 0; i < 10; i++) {
      a.look();
      b.look();
    }
    assertThat(number()).isEqualTo(number);
  }

  private long number() throws SQLException {
    return Objects.requireNonNull(table.find(Table.MARK + " holder")).ends;
  }
}
