/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.memogrid.testkit.History;
import org.memogrid.testkit.History.Invocation;
import org.memogrid.testkit.Registers;

/** The checkers of histories accept what a register does and refuse what it does not. */
class RegistersTest {
  private final History history = new History();

  private void write(String value) {
    history.writes("w", "k", value).acknowledged();
  }

  private void read(String value) {
    history.reads("r", "k").returned(value);
  }

  @Test
  void aSequenceIsFine() {
    write("1");
    read("1");
    write("2");
    read("2");
    assertThat(Registers.anomalies(history)).isEmpty();
    assertThat(Registers.lost(history, key -> "2")).isEmpty();
  }

  @Test
  void aReadBesideAWriteMaySeeEither() {
    write("1");
    Invocation second = history.writes("w", "k", "2");
    read("1");
    read("2");
    second.acknowledged();
    assertThat(Registers.anomalies(history)).isEmpty();
  }

  @Test
  void aStaleReadIsSeen() {
    write("1");
    write("2");
    read("1");
    assertThat(Registers.anomalies(history)).hasSize(1);
  }

  @Test
  void aReadThatGoesBackIsSeen() {
    write("1");
    Invocation second = history.writes("w", "k", "2");
    read("2");
    read("1");
    second.acknowledged();
    assertThat(Registers.anomalies(history)).hasSize(1);
  }

  @Test
  void aReadOfNothingAfterAWriteIsSeen() {
    write("1");
    history.reads("r", "k").returned(null);
    assertThat(Registers.anomalies(history)).hasSize(1);
  }

  @Test
  void aReadFromNowhereIsSeen() {
    read("1");
    write("1");
    assertThat(Registers.anomalies(history)).hasSize(1);
  }

  @Test
  void aLostWriteIsSeen() {
    write("1");
    write("2");
    assertThat(Registers.lost(history, key -> "1")).hasSize(1);
    assertThat(Registers.lost(history, key -> null)).hasSize(1);
    assertThat(Registers.lost(history, key -> "2")).isEmpty();
  }

  @Test
  void aWriteOfUnknownFateMayBeThereOrNot() {
    write("1");
    history.writes("w", "k", "2").unknown();
    assertThat(Registers.lost(history, key -> "1")).isEmpty();
    assertThat(Registers.lost(history, key -> "2")).isEmpty();
    assertThat(Registers.lost(history, key -> null)).hasSize(1);
  }

  @Test
  void aRemovalIsAWriteOfNothing() {
    write("1");
    history.writes("w", "k", null).acknowledged();
    assertThat(Registers.lost(history, key -> null)).isEmpty();
    assertThat(Registers.lost(history, key -> "1")).hasSize(1);
  }
}
