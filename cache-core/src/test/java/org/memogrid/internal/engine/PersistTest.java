/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.internal.cache.Caches;

/** A persistent cache of one process, over restarts and on disks that are not as they should be. */
final class PersistTest {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final int ENTRIES = 200;

  @TempDir Path directory;

  private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(2);
  private final Ticks clock = new Ticks();
  private Life life = new Life();

  /** One process's stores and caches, until it ends. */
  private final class Life implements AutoCloseable {
    private final Member self = new Member("alone", "1");

    /** The caller: what a read has renewed is renewed when it returns. */
    private final Executor workers = Runnable::run;

    private final SerialCodec codec = new SerialCodec();
    private final MemberStores stores =
        new MemberStores(
            new LocalStores(self, clock, threads),
            new DurableStores(self, codec, clock, threads, Map.of()),
            new TransactionalStores(self, codec, clock, threads, new MemberTransactions(null)));
    private final Caches caches = new Caches(stores, Mode.LOCAL, codec, clock, workers, workers);

    Cache<String, Integer> open(CacheOptions options) {
      return caches.cache("/prices", options);
    }

    @Override
    public void close() {
      caches.close();
      stores.close();
    }
  }

  @AfterEach
  void stop() {
    life.close();
    threads.shutdownNow();
  }

  private CacheOptions options() {
    return CacheOptions.of(Mode.LOCAL).persist(Persist.file(directory));
  }

  private Cache<String, Integer> open() {
    return life.open(options());
  }

  private Cache<String, Integer> reopen(CacheOptions options) {
    life.close();
    life = new Life();
    return life.open(options);
  }

  private static Map<String, Integer> numbered(int from, int to) {
    return IntStream.range(from, to).boxed().collect(Collectors.toMap(i -> "k" + i, i -> i));
  }

  @Test
  void whatWasWrittenIsThereWhenTheProcessComesBack() {
    Cache<String, Integer> cache = open();
    cache.putAll(numbered(0, ENTRIES));
    cache.put("k1", -1);
    assertThat(cache.remove("k2")).isEqualTo(2);
    assertThat(cache.replace("k3", 3, -3)).isTrue();
    assertThat(cache.putIfAbsent("k4", 0)).isEqualTo(4);
    assertThat(cache.update("k5", old -> old == null ? 0 : old + 1)).isEqualTo(6);
    Map<String, Integer> expected = new HashMap<>(numbered(0, ENTRIES));
    expected.putAll(Map.of("k1", -1, "k3", -3, "k5", 6));
    expected.remove("k2");
    for (int restart = 0; restart < 2; restart++) {
      Cache<String, Integer> again = reopen(options());
      assertThat(again.get("k1")).isEqualTo(-1);
      assertThat(again.containsKey("k2")).isFalse();
      assertThat(again.putIfAbsent("k3", 0)).isEqualTo(-3);
      assertThat(again.getAndPut("k6", 6 - restart)).isEqualTo(6);
      assertThat(again.getAndPut("k6", 6)).isEqualTo(6 - restart);
      assertThat(again.remove("k7")).isEqualTo(7);
      again.put("k7", 7);
      assertThat(again.size()).isEqualTo(expected.size());
      assertThat(again.asMap()).isEqualTo(expected);
      assertThat(again.getAll(List.of("k0", "k2"))).isEqualTo(Map.of("k0", 0));
    }
  }

  @Test
  void whatWasClearedOrDestroyedStaysAway() {
    open().putAll(numbered(0, ENTRIES));
    open().clear();
    open().put("kept", 1);
    assertThat(reopen(options()).asMap()).isEqualTo(Map.of("kept", 1));
    open().destroy();
    assertThat(open().size()).isZero();
    assertThat(reopen(options()).size()).isZero();
  }

  @Test
  void anEntryKeepsItsEndOverARestart() {
    Cache<String, Integer> cache = life.open(options().timeToLive(SECOND.multipliedBy(10)));
    cache.put("options", 1);
    cache.put("long", 2, Expiry.ttl(SECOND.multipliedBy(20)));
    cache.put("never", 3, Expiry.NEVER);
    clock.tick(SECOND.multipliedBy(6));
    Cache<String, Integer> again = reopen(options().timeToLive(SECOND.multipliedBy(10)));
    assertThat(again.get("options")).isEqualTo(1);
    clock.tick(SECOND.multipliedBy(4));
    assertThat(again.get("options")).isNull();
    assertThat(again.asMap()).isEqualTo(Map.of("long", 2, "never", 3));
    assertThat(again.size()).isEqualTo(2);
    life.close();
    clock.tick(SECOND.multipliedBy(10));
    life = new Life();
    Cache<String, Integer> last = life.open(options().timeToLive(SECOND.multipliedBy(10)));
    assertThat(last.get("long")).isNull();
    assertThat(last.containsKey("long")).isFalse();
    assertThat(last.putIfAbsent("long", 4)).isNull();
    assertThat(last.asMap()).isEqualTo(Map.of("long", 4, "never", 3));
  }

  @Test
  void aWriteOverAnotherBeginsANewLife() {
    CacheOptions mortal = options().timeToLive(SECOND.multipliedBy(10));
    life.open(mortal).put("k", 1);
    clock.tick(SECOND.multipliedBy(6));
    life.open(mortal).put("k", 2);
    Cache<String, Integer> again = reopen(mortal);
    clock.tick(SECOND.multipliedBy(9));
    assertThat(again.get("k")).isEqualTo(2);
    clock.tick(SECOND);
    assertThat(again.get("k")).isNull();
  }

  @Test
  void anEntryInUseKeepsItsIdleLengthOverARestart() {
    CacheOptions idle = options().maxIdle(SECOND.multipliedBy(8));
    life.open(idle).put("k", 1);
    for (int i = 0; i < 4; i++) {
      clock.tick(SECOND.multipliedBy(6));
      assertThat(life.open(idle).get("k")).isEqualTo(1);
    }
    Cache<String, Integer> again = reopen(idle);
    clock.tick(SECOND.multipliedBy(7));
    assertThat(again.get("k")).isEqualTo(1);
    clock.tick(SECOND.multipliedBy(20));
    assertThat(again.get("k")).isNull();
  }

  @Test
  void theDiskHasWhatMemoryHasNoRoomFor() {
    CacheOptions small = options().maxEntries(10);
    Cache<String, Integer> cache = life.open(small);
    cache.putAll(numbered(0, ENTRIES));
    for (int restart = 0; restart < 2; restart++) {
      assertThat(cache.size()).isEqualTo(ENTRIES);
      assertThat(cache.asMap()).isEqualTo(numbered(0, ENTRIES));
      for (int i = 0; i < ENTRIES; i++) {
        assertThat(cache.get("k" + i)).isEqualTo(i);
        assertThat(cache.containsKey("k" + i)).isTrue();
      }
      cache = reopen(small);
    }
  }

  @Test
  void listenersHearOfWhatIsRemovedFromTheDisk() {
    open().put("k", 1);
    Cache<String, Integer> cache = reopen(options());
    List<String> heard = new CopyOnWriteArrayList<>();
    Registration listening =
        cache.listen(event -> heard.add("removed " + event.oldValue()), CacheEvent.Type.REMOVED);
    cache.remove("k");
    cache.remove("k");
    listening.close();
    assertThat(heard).containsExactly("removed 1");
  }

  @Test
  void whatCannotBeEncodedIsRefusedBeforeAnythingChanges() {
    Cache<String, Object> cache = life.caches.cache("objects", options());
    cache.put("k", 1);
    assertThatThrownBy(() -> cache.put("k", new Object()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("java.lang.Object");
    assertThat(cache.get("k")).isEqualTo(1);
  }

  @Test
  void aKeyTooLongForTheDiskIsRefusedAndNothingElseIsHarmed() {
    Cache<String, Integer> cache = open();
    assertThatThrownBy(() -> cache.put("k".repeat(5_000), 1))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("use a shorter one");
    cache.put("k", 1);
    assertThat(reopen(options()).asMap()).isEqualTo(Map.of("k", 1));
  }

  @Test
  void aFolderInUseIsRefusedByName() {
    open().put("k", 1);
    try (Life other = new Life()) {
      assertThatThrownBy(() -> other.open(options()))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("in use")
          .hasMessageContaining(directory.resolve("%2Fprices").toString());
    }
    assertThat(open().get("k")).isEqualTo(1);
  }

  @Test
  void oneNameHasOneDirectory() {
    var unused = open();
    assertThatThrownBy(
            () ->
                life.open(
                    CacheOptions.of(Mode.LOCAL).persist(Persist.file(directory.resolve("b")))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("persist=file:" + directory.resolve("b"));
    assertThatThrownBy(() -> life.open(CacheOptions.of(Mode.LOCAL)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("persist=file:" + directory);
  }

  @Test
  void optionsThatDoNotGoTogetherAreRefused() {
    Persist persist = Persist.file(directory);
    for (Mode mode : List.of(Mode.INVALIDATED, Mode.REPLICATED, Mode.DISTRIBUTED)) {
      assertThatThrownBy(() -> CacheOptions.of(mode).persist(persist))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(mode.name());
    }
    assertThatThrownBy(() -> options().maxWeight(1, (key, value) -> 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () -> CacheOptions.of(Mode.LOCAL).maxWeight(1, (key, value) -> 1).persist(persist))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> options().maxEntries(1).whenFull(WhenFull.REFUSE))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aByteThatChangedIsFoundAndNothingIsOverwritten() throws IOException {
    Cache<String, Integer> cache = life.open(options().timeToLive(Duration.ofDays(1)));
    cache.putAll(numbered(0, ENTRIES));
    life.close();
    Path file = dataFile();
    byte[] sound = Files.readAllBytes(file);
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println("changed bytes: -Dmemogrid.test.seed=" + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 400; i++) {
      int at = i < 100 ? sound.length - 1 - i : random.nextInt(sound.length);
      byte[] changed = sound.clone();
      changed[at] ^= (byte) (1 << random.nextInt(8));
      if (isUnchecked(sound, at)) {
        continue;
      }
      Files.write(file, changed);
      assertThatThrownBy(() -> StoreFiles.check("/prices", directory))
          .as("byte %s, seed %s", at, seed)
          .isInstanceOf(CacheException.class)
          .hasMessageContaining(file.toString());
      assertThat(Files.readAllBytes(file)).isEqualTo(changed);
    }
    life = new Life();
    assertThatThrownBy(() -> life.open(options())).isInstanceOf(CacheException.class);
    Files.write(file, sound);
    assertThat(open().asMap()).isEqualTo(numbered(0, ENTRIES));
  }

  /** The serial and the deadline in a record's head, and the time of the last use. */
  private static boolean isUnchecked(byte[] file, int at) {
    ByteBuffer in = ByteBuffer.wrap(file);
    int start = 0;
    while (true) {
      int key = in.getShort(start + 1);
      int metadata = in.getShort(start + 3);
      int end = start + 27 + key + metadata + in.getInt(start + 5) + in.getShort(start + 9);
      if (at < end) {
        int values = start + 27 + key + metadata;
        return (at >= start + 11 && at < start + 27) || (at >= values - 8 && at < values);
      }
      start = end;
    }
  }

  @Test
  void anUnfinishedRecordAtTheEndIsCutOffAndTheRestIsThere() throws IOException {
    open().putAll(numbered(0, ENTRIES));
    life.close();
    Path file = dataFile();
    long whole = Files.size(file);
    life = new Life();
    open().put("last", 1);
    life.close();
    byte[] last = Files.readAllBytes(lastDataFile());
    for (int length : List.of(1, 26, 27, 40, last.length - 1)) {
      Files.write(file, Arrays.copyOf(last, length), StandardOpenOption.APPEND);
      StoreFiles.check("/prices", directory);
      assertThat(Files.size(file)).isEqualTo(whole);
    }
    Files.write(file, Arrays.copyOf(last, 40), StandardOpenOption.APPEND);
    life = new Life();
    assertThat(open().size()).isEqualTo(ENTRIES + 1);
  }

  private Path dataFile() throws IOException {
    return dataFiles().get(0);
  }

  private Path lastDataFile() throws IOException {
    List<Path> files = dataFiles();
    return files.get(files.size() - 1);
  }

  private List<Path> dataFiles() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("ispn12."))
          .sorted()
          .collect(Collectors.toList());
    }
  }
}
