/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.CacheException;
import org.memogrid.internal.recovery.Announcement;
import org.memogrid.internal.recovery.Epoch;
import org.memogrid.internal.recovery.Holding;
import org.memogrid.internal.recovery.Roster;

/** What members tell each other and write down of who has what. */
final class RosterFormatTest {
  private static final Roster ROSTER =
      new Roster(
          "a@1",
          List.of(
              new Holding(new Epoch(7, 3), List.of("a", "b"), List.of("a", "b", "c")),
              new Holding(new Epoch(8, 1), List.of("c"), List.of("c", "a"))));

  @TempDir Path directory;

  @Test
  void newsArriveAsTheyWereSent() throws IOException {
    Announcement announcement =
        new Announcement("a", Set.of("a", "z"), 7, true, ROSTER, Set.of("y"));
    for (News news :
        List.of(
            new News.Known("c", announcement, Map.of("a", "n0"), true),
            new News.Failed("c", "why"),
            new News.Leaving(),
            new News.Noted())) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      News.FORMAT.write(news, new DataOutputStream(bytes));
      assertThat(
              News.FORMAT.read(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()))))
          .isEqualTo(news);
    }
  }

  @Test
  void aRosterIsReadAsItWasWrittenAndRefusedIfItWasChanged() throws IOException {
    Path file;
    try (LifeFolder folder = LifeFolder.open("c", directory, 2)) {
      assertThat(folder.read(2)).isNull();
      folder.write(ROSTER, Map.of("a", "n0"));
      assertThat(folder.read(2)).isEqualTo(new LifeFolder.Kept(ROSTER, Map.of("a", "n0")));
      file = folder.path().resolve("roster");
    }
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    try (LifeFolder folder = LifeFolder.open("c", directory, 2)) {
      assertThatThrownBy(() -> folder.read(2))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining("not as it was written");
    }
  }

  @Test
  void membersOfOneMachineHaveAFolderEach() {
    try (LifeFolder one = LifeFolder.open("c", directory, 2);
        LifeFolder other = LifeFolder.open("c", directory, 2)) {
      assertThat(one.path()).isNotEqualTo(other.path());
    }
  }
}
