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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.infinispan.AdvancedCache;
import org.infinispan.commons.util.concurrent.CompletionStages;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.persistence.manager.PersistenceManager;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cache.Registration;
import org.memogrid.testkit.Await;

/** A persistent cache of one process, over restarts and on disks that are not as they should be. */
final class PersistTest extends PersistContract {
  @Override
  Persist persist() {
    return Persist.file(directory);
  }

  /** The cache is called {@code /prices}: the engine's lock would be {@code /prices.lck}. */
  @Test
  void nothingIsMadeOutsideOfItsFolder() throws IOException {
    open().put("a", 1);
    assertThat(Path.of("/prices.lck")).doesNotExist();
    try (Stream<Path> all = Files.walk(directory)) {
      assertThat(all).anyMatch(file -> file.endsWith("_prices.lck"));
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

  /** Memory has room for few: so most are read from what waits, or from the files. */
  @Test
  void writesBehindAreSeenAtOnceAndThereInTheNextLife() {
    CacheOptions behind =
        CacheOptions.of(Mode.LOCAL).maxEntries(5).persist(persist().writeBehind(50, 7));
    Cache<String, Integer> cache = life.open(behind);
    Map<String, Integer> expected = new HashMap<>();
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < 200; i++) {
        cache.put("k" + i, i + round);
        expected.put("k" + i, i + round);
        assertThat(cache.get("k" + i / 2)).isEqualTo(expected.get("k" + i / 2));
      }
      assertThat(cache.remove("k" + round)).isEqualTo(2 * round);
      expected.remove("k" + round);
    }
    assertThat(cache.asMap()).isEqualTo(expected);
    assertThat(cache.size()).isEqualTo(expected.size());
    assertThatThrownBy(() -> cache.put("k".repeat(3_000), 1))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("use a shorter one");
    cache.put("next", 7); // no other is harmed
    expected.put("next", 7);
    assertThat(reopen(options()).asMap()).isEqualTo(expected);
    Cache<String, Integer> again =
        reopen(
            CacheOptions.of(Mode.LOCAL)
                .maxEntries(5)
                .persist(persist().writeBehind(50, 7).preload()));
    again.clear();
    again.put("after", 1);
    assertThat(reopen(options()).asMap()).isEqualTo(Map.of("after", 1));
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
    assertThatThrownBy(() -> CacheOptions.of(Mode.INVALIDATED).persist(persist))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("INVALIDATED");
    for (Mode mode : List.of(Mode.REPLICATED, Mode.DISTRIBUTED)) {
      assertThatThrownBy(() -> CacheOptions.of(mode).async().persist(persist))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("async");
      assertThatThrownBy(() -> CacheOptions.of(mode).persist(persist.preload()))
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
      assertThatThrownBy(() -> check())
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
    for (int length = 1; length < last.length; length++) {
      Files.write(file, Arrays.copyOf(last, length), StandardOpenOption.APPEND);
      check();
      assertThat(Files.size(file)).isEqualTo(whole);
    }
    Files.write(file, Arrays.copyOf(last, 40), StandardOpenOption.APPEND);
    life = new Life();
    assertThat(open().size()).isEqualTo(ENTRIES + 1);
  }

  @Test
  void theIndexIsMadeOfTheDataThatWereCheckedAndTheEngineTakesIt() throws IOException {
    open().putAll(numbered(0, ENTRIES));
    open().put("k1", -1);
    assertThat(open().remove("k2")).isEqualTo(2);
    Map<String, Integer> expected = new HashMap<>(open().asMap());
    for (boolean isKill : List.of(true, false)) {
      if (isKill) {
        kill();
      } else {
        life.close();
        life = new Life();
      }
      check();
      Map<Path, List<Byte>> made = index();
      assertThat(made).hasSizeGreaterThan(50);
      assertThat(open().asMap()).isEqualTo(expected);
      assertThat(index()).isEqualTo(made);
    }
  }

  /** And it is told then, as of an entry that ends while the process is there. */
  @Test
  void whatEndedWhileNobodyWasThereIsDeletedAfterwards() throws IOException {
    CacheOptions mortal = options().timeToLive(SECOND);
    life.open(mortal).put("k", 1);
    life.open(mortal).put("k", 2);
    life.close();
    clock.tick(SECOND);
    life = new Life();
    Cache<String, Integer> cache = life.open(mortal);
    assertThat(cache.get("k")).isNull();
    assertThat(cache.size()).isZero();
    List<String> heard = new CopyOnWriteArrayList<>();
    Registration listening =
        cache.listen(event -> heard.add("expired " + event.oldValue()), CacheEvent.Type.EXPIRED);
    PersistenceManager stores =
        ComponentRegistry.componentOf(cache.unwrap(AdvancedCache.class), PersistenceManager.class);
    CompletionStages.join(stores.purgeExpired());
    Await.untilAsserted("its end", () -> assertThat(heard).containsExactly("expired 2"));
    listening.close();
    assertThat(cache.putIfAbsent("k", 3)).isNull();
    assertThat(reopen(mortal).asMap()).isEqualTo(Map.of("k", 3));
  }

  /** It may be that of other data, or changed: nothing of it is read. */
  @Test
  void whatLiesInTheIndexIsTrustedByNobody() throws IOException {
    open().putAll(numbered(0, ENTRIES));
    life.close();
    Path index = dataFile().resolveSibling("../index").normalize();
    Path former = directory.resolve("former");
    copy(index, former);
    life = new Life();
    open().put("k1", -1);
    assertThat(open().remove("k2")).isEqualTo(2);
    Map<String, Integer> expected = new HashMap<>(open().asMap());
    life.close();
    Folder.delete(index);
    Files.move(former, index);
    life = new Life();
    assertThat(open().asMap()).isEqualTo(expected);
    life.close();
    try (Stream<Path> files = Files.list(index)) {
      for (Path file : files.collect(Collectors.toList())) {
        byte[] bytes = Files.readAllBytes(file);
        for (int i = 36; i < bytes.length; i += 3) {
          bytes[i] ^= 1;
        }
        Files.write(file, bytes);
      }
    }
    life = new Life();
    assertThat(open().asMap()).isEqualTo(expected);
  }

  /** What is in the index's files, but for the mark by which the engine says that it uses them. */
  private Map<Path, List<Byte>> index() throws IOException {
    Map<Path, List<Byte>> index = new TreeMap<>();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.filter(path -> isIndex(path)).collect(Collectors.toList())) {
        List<Byte> bytes = new ArrayList<>();
        for (byte each : Files.readAllBytes(file)) {
          bytes.add(each);
        }
        if (bytes.size() > 4) { // none of a segment that has nothing
          index.put(file, bytes.subList(4, bytes.size()));
        }
      }
    }
    return index;
  }

  private static boolean isIndex(Path path) {
    return path.getFileName().toString().matches("index\\.[0-9]+");
  }

  /** After this the cache is as if its process had been killed. */
  private void kill() throws IOException {
    Path copy = directory.resolveSibling(directory.getFileName() + "-copy");
    copy(directory, copy);
    life.close();
    Folder.delete(directory);
    Files.move(copy, directory);
    life = new Life();
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path each : all.collect(Collectors.toList())) {
        Files.copy(each, to.resolve(from.relativize(each)));
      }
    }
  }

  private void check() {
    StoreFiles.check("/prices", directory.resolve("%2Fprices"), segments());
  }

  private int segments() {
    return EngineConfiguration.alone(options(), directory).clustering().hash().numSegments();
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
