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
import java.util.UUID;
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
}
