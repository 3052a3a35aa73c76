/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.SmallDisk;

/** Persistent caches in processes that are killed, and on disks that are full or read-only. */
final class PersistProcessTest {
  private static final int KEYS = 50;

  @TempDir Path directory;

  /**
   * Kills a process in the middle of its writes, again and again. All that it had confirmed is
   * there when the next opens the files; only of the write that it was at, nobody knows.
   */
  @Test
  void aKilledProcessLosesNoAcknowledgedWriteAndBringsNothingBack() throws IOException {
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println("kills at random moments: -Dmemogrid.test.seed=" + seed);
    Random random = new Random(seed);
    String confirmed = directory.resolve("confirmed").toString();
    Map<Integer, Integer> written = new HashMap<>();
    int last = 0;
    for (int life = 0; life < 3; life++) {
      String files = directory.toString();
      int from = last + 1;
      try (NodeProcess process = NodeProcess.start("writer" + life).awaitReady()) {
        CompletableFuture<String> writing =
            process.callAsync(node -> write(Path.of(files), from, Path.of(confirmed)));
        int wanted = from + 200 + random.nextInt(400);
        Await.until("writes", () -> writing.isDone() || lastOf(Path.of(confirmed)) >= wanted);
        LockSupport.parkNanos(random.nextInt(5_000_000));
        assertThat(writing).isNotDone();
        process.kill();
      }
      last = lastOf(Path.of(confirmed));
      for (int number = from; number <= last; number++) {
        written.put(number % KEYS, number);
      }
      try (Cluster cluster = Cluster.local()) {
        Cache<Integer, Integer> cache = open(cluster, directory);
        int atWork = (last + 1) % KEYS;
        for (int key = 0; key < KEYS; key++) {
          @Nullable Integer there = cache.get(key);
          @Nullable Integer expected = shown(written.getOrDefault(key, 0));
          if (key == atWork && !Objects.equals(there, expected)) {
            assertThat(there).as("key %s, seed %s", key, seed).isEqualTo(shown(last + 1));
            last++;
            written.put(key, last);
          } else {
            assertThat(there).as("key %s, seed %s", key, seed).isEqualTo(expected);
          }
        }
      }
    }
  }

  /** Every third write is a removal. */
  private static @Nullable Integer shown(int number) {
    return number % 3 == 0 ? null : number;
  }

  private static Cache<Integer, Integer> open(Cluster cluster, Path directory) {
    return cluster.cache("numbers", CacheOptions.of(Mode.LOCAL).persist(Persist.file(directory)));
  }

  private static String write(Path directory, int from, Path confirmed) throws IOException {
    try (Cluster cluster = Cluster.local();
        FileChannel out =
            FileChannel.open(confirmed, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      Cache<Integer, Integer> cache = open(cluster, directory);
      for (int number = from; ; number++) {
        @Nullable Integer value = shown(number);
        if (value == null) {
          cache.remove(number % KEYS);
        } else {
          cache.put(number % KEYS, value);
        }
        out.write(ByteBuffer.allocate(Integer.BYTES).putInt(0, number), 0);
      }
    }
  }

  private static int lastOf(Path confirmed) {
    try {
      return Files.exists(confirmed) ? ByteBuffer.wrap(Files.readAllBytes(confirmed)).getInt() : 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aFolderThatAnotherProcessHasIsRefused() {
    String files = directory.toString();
    try (NodeProcess process = NodeProcess.start("holder").awaitReady();
        Cluster cluster = Cluster.local()) {
      process.run(node -> open(node.kept("cluster", Cluster::local), Path.of(files)).put(1, 1));
      assertThatThrownBy(() -> open(cluster, directory))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining(directory.resolve("numbers").toString())
          .hasMessageContaining("in use by another process");
      process.kill();
      assertThat(open(cluster, directory).get(1)).isEqualTo(1);
    }
  }

  @Test
  void aFullDiskRefusesTheWriteAndKeepsWhatItHas() {
    assumeTrue(SmallDisk.isPossible(), "no right to mount a file system");
    try (SmallDisk disk = SmallDisk.of(2_048)) {
      int written;
      try (Cluster cluster = Cluster.local()) {
        Cache<Integer, String> cache = texts(cluster, disk);
        written = fill(cache, disk);
        assertThat(cache.get(0)).startsWith("xx");
      }
      disk.resize(8_192);
      try (Cluster cluster = Cluster.local()) {
        Cache<Integer, String> cache = texts(cluster, disk);
        for (int key = 0; key < written; key++) {
          assertThat(cache.get(key)).as("key %s of %s", key, written).startsWith("xx");
        }
        assertThat(cache.size()).isBetween((long) written, written + 1L);
        cache.put(-1, "again");
      }
    }
  }

  /** Writes until the disk refuses, and answers how many writes were confirmed before. */
  private static int fill(Cache<Integer, String> cache, SmallDisk disk) {
    int written = 0;
    try {
      for (; written < 10_000; written++) {
        cache.put(written, "x".repeat(2_000));
      }
      assertThat(written).as("writes on a disk of 2 MB").isLessThan(10_000);
    } catch (CacheException e) {
      assertThat(e)
          .hasMessageContaining(disk.path().toString())
          .hasMessageContaining("the disk has room");
    }
    assertThat(written).isGreaterThan(100);
    assertThatThrownBy(() -> cache.put(0, "later")).isInstanceOf(CacheException.class);
    assertThatThrownBy(() -> cache.remove(1)).isInstanceOf(CacheException.class);
    return written;
  }

  private static Cache<Integer, String> texts(Cluster cluster, SmallDisk disk) {
    return cluster.cache("texts", CacheOptions.of(Mode.LOCAL).persist(Persist.file(disk.path())));
  }

  /** What is written behind and lost is nobody's to hear of, but nothing is served in its place. */
  @Test
  void aFullDiskRefusesAllThatIsWrittenBehindFromThenOn() {
    assumeTrue(SmallDisk.isPossible(), "no right to mount a file system");
    try (SmallDisk disk = SmallDisk.of(2_048)) {
      int queue = 20;
      int written;
      Persist behind = Persist.file(disk.path()).writeBehind(queue, 5);
      try (Cluster cluster = Cluster.local()) {
        Cache<Integer, String> cache =
            cluster.cache("texts", CacheOptions.of(Mode.LOCAL).maxEntries(10).persist(behind));
        written = fill(cache, disk);
        assertThatThrownBy(() -> cache.get(20))
            .isInstanceOf(CacheException.class)
            .hasMessageContaining("the disk has room");
      }
      disk.resize(8_192);
      try (Cluster cluster = Cluster.local()) {
        long there = texts(cluster, disk).size();
        // The one that was refused may be there: it waited while its batch was written in part.
        assertThat(there).as("of %s", written).isBetween(written - queue - 1L, written + 1L);
      }
    }
  }

  /** Writes number after number; what a kill may take are the last of them, as many as may wait. */
  @Test
  void aKilledProcessLosesNoMoreThanMayWaitBehind() throws IOException {
    int queue = 50;
    String files = directory.toString();
    Path confirmed = directory.resolve("confirmed");
    String out = confirmed.toString();
    try (NodeProcess process = NodeProcess.start("behind").awaitReady()) {
      CompletableFuture<String> writing =
          process.callAsync(node -> writeBehind(Path.of(files), queue, Path.of(out)));
      Await.until("writes", () -> writing.isDone() || lastOf(confirmed) >= 2_000);
      assertThat(writing).isNotDone();
      process.kill();
    }
    int last = lastOf(confirmed);
    try (Cluster cluster = Cluster.local()) {
      long there = open(cluster, directory).size();
      System.out.println(last + " confirmed, " + there + " written");
      assertThat(there).isBetween(last - queue - 1L, last + 1L);
    }
  }

  private static String writeBehind(Path directory, int queue, Path confirmed) throws IOException {
    Persist behind = Persist.file(directory).writeBehind(queue, 10);
    try (Cluster cluster = Cluster.local();
        FileChannel out =
            FileChannel.open(confirmed, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      Cache<Integer, Integer> cache =
          cluster.cache("numbers", CacheOptions.of(Mode.LOCAL).persist(behind));
      for (int number = 1; ; number++) {
        cache.put(number, number);
        out.write(ByteBuffer.allocate(Integer.BYTES).putInt(0, number), 0);
      }
    }
  }

  @Test
  void aReadOnlyDiskIsRefusedByName() {
    assumeTrue(SmallDisk.isPossible(), "no right to mount a file system");
    try (SmallDisk disk = SmallDisk.of(2_048)) {
      try (Cluster cluster = Cluster.local()) {
        texts(cluster, disk).put(1, "one");
      }
      disk.readOnly();
      try (Cluster cluster = Cluster.local()) {
        assertThatThrownBy(() -> texts(cluster, disk))
            .isInstanceOf(CacheException.class)
            .hasMessageContaining(disk.path().resolve("texts").toString())
            .hasMessageContaining("may write");
      }
    }
  }
}
