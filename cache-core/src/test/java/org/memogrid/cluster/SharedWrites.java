/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;

/**
 * Writes of processes that may be killed, to a cache in files, and what must be there afterwards.
 * Each writer has keys of its own and writes numbers, every third of which is a removal; the last
 * number that was confirmed is in a file, which outlives the writer as the cache should.
 */
final class SharedWrites {
  private static final int KEYS = 40;

  /** By how much a member's clock may be late. */
  private static final long SLACK_MILLIS = 1_000;

  private final Path directory;
  private final Mode mode;
  private final List<CompletableFuture<String>> writing = new ArrayList<>();
  private final List<Mortal> mortals = new ArrayList<>();

  /**
   * An entry that ends.
   *
   * @param earliest what the clock has at least when it ends, in milliseconds
   * @param latest what the clock has at most then
   */
  private record Mortal(String key, long earliest, long latest) {}

  SharedWrites(Path directory, Mode mode) {
    this.directory = directory;
    this.mode = mode;
  }

  /** Where all members' files are. */
  Path files() {
    return directory.resolve("files");
  }

  private Path confirmed(int writer) {
    return directory.resolve("confirmed" + writer);
  }

  private Path stop() {
    return directory.resolve("stop");
  }

  /** Has each of them write until it is killed. */
  void start(List<NodeProcess> nodes) throws IOException {
    Files.deleteIfExists(stop());
    writing.clear();
    for (int writer = 0; writer < nodes.size(); writer++) {
      start(nodes.get(writer), writer);
    }
  }

  /** Has one of them write on, from the first number that was not confirmed. */
  void start(NodeProcess node, int writer) {
    String files = files().toString();
    Mode mode = this.mode;
    String confirmed = confirmed(writer).toString();
    String stop = stop().toString();
    int from = lastOf(writer) + 1;
    writing.add(
        node.callAsync(
            there ->
                write(open(there, files, mode), writer, from, Path.of(confirmed), Path.of(stop))));
  }

  private static Cache<String, Integer> open(NodeContext node, String files, Mode mode) {
    return node.cluster()
        .cache("killed", CacheOptions.of(mode).persist(Persist.file(Path.of(files))));
  }

  private static String write(
      Cache<String, Integer> cache, int writer, int from, Path confirmed, Path stop)
      throws IOException {
    try (FileChannel out =
        FileChannel.open(confirmed, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (int number = from; !Files.exists(stop); number++) {
        write(cache, writer + "-" + number % KEYS, shown(number));
        out.write(ByteBuffer.allocate(Integer.BYTES).putInt(0, number), 0);
      }
    }
    return "stopped";
  }

  /** Again and again: until it is known who is there a call may fail, and have written or not. */
  static void write(Cache<String, Integer> cache, String key, @Nullable Integer value) {
    Await.untilAsserted(
        "a write",
        () -> {
          if (value == null) {
            cache.remove(key);
          } else {
            cache.put(key, value);
          }
        });
  }

  private static @Nullable Integer shown(int number) {
    return number <= 0 || number % 3 == 0 ? null : number;
  }

  /** The last number of that writer that was confirmed. */
  int lastOf(int writer) {
    Path file = confirmed(writer);
    try {
      byte[] number = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
      return number.length < Integer.BYTES ? 0 : ByteBuffer.wrap(number).getInt(); // just opened
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** How many have ended, by themselves or with their process. */
  long ended() {
    return writing.stream().filter(CompletableFuture::isDone).count();
  }

  /** Ends all writers after their last writes are confirmed. */
  void end() throws IOException {
    Files.createFile(stop());
    Await.until("the writers' end", () -> ended() == writing.size());
    assertThat(writing).allSatisfy(each -> assertThat(each).isCompletedWithValue("stopped"));
  }

  /** Writes an entry that is there for so long, whatever happens to the members. */
  void putMortal(NodeProcess node, String key, Duration life) {
    String files = files().toString();
    Mode mode = this.mode;
    long[] written =
        node.call(
            there -> {
              Cache<String, Integer> cache = open(there, files, mode);
              long[] at = new long[2];
              Await.untilAsserted(
                  "a write",
                  () -> {
                    at[0] = System.currentTimeMillis();
                    cache.put(key, 1, Expiry.ttl(life));
                    at[1] = System.currentTimeMillis();
                  });
              return at;
            });
    mortals.add(new Mortal(key, written[0] + life.toMillis(), written[1] + life.toMillis()));
  }

  /** What was confirmed is there; the write after the last confirmed may be. */
  void assertAllThere(NodeProcess node, int writers, String as) {
    for (int writer = 0; writer < writers; writer++) {
      int confirmed = lastOf(writer);
      List<@Nullable Integer> there = read(node, writer);
      for (int key = 0; key < KEYS; key++) {
        @Nullable Integer expected = shown(lastWriteOf(key, confirmed));
        @Nullable Integer found = there.get(key);
        if (key == (confirmed + 1) % KEYS && !Objects.equals(found, expected)) {
          assertThat(found)
              .as("at work: %s-%s, %s", writer, key, as)
              .isEqualTo(shown(confirmed + 1));
        } else {
          assertThat(found).as("%s-%s, %s", writer, key, as).isEqualTo(expected);
        }
      }
    }
    mortals.forEach(each -> assertEnds(node, each, as));
  }

  private List<@Nullable Integer> read(NodeProcess node, int writer) {
    String files = files().toString();
    Mode mode = this.mode;
    return node.call(
        there -> {
          Cache<String, Integer> cache = open(there, files, mode);
          Await.untilAsserted("service", () -> assertThat(cache.get("any")).isNull());
          List<@Nullable Integer> values = new ArrayList<>();
          for (int key = 0; key < KEYS; key++) {
            values.add(cache.get(writer + "-" + key));
          }
          return new ArrayList<>(values);
        });
  }

  private void assertEnds(NodeProcess node, Mortal mortal, String as) {
    String files = files().toString();
    Mode mode = this.mode;
    String key = mortal.key();
    long before = System.currentTimeMillis();
    boolean there = node.call(context -> open(context, files, mode).get(key) != null);
    if (System.currentTimeMillis() < mortal.earliest() - SLACK_MILLIS) {
      assertThat(there).as("%s before its end, %s", key, as).isTrue();
    } else if (before > mortal.latest() + SLACK_MILLIS) {
      assertThat(there).as("%s after its end, %s", key, as).isFalse();
    }
  }

  private static int lastWriteOf(int key, int confirmed) {
    return confirmed - Math.floorMod(confirmed - key, KEYS);
  }
}
