/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.infinispan.AdvancedCache;
import org.infinispan.commons.dataconversion.MediaType;
import org.infinispan.commons.io.UnsignedNumeric;
import org.infinispan.commons.util.concurrent.CompletionStages;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.eviction.EvictionStrategy;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.persistence.manager.PersistenceManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.CacheException;
import org.memogrid.internal.store.Envelope;
import org.memogrid.testkit.Await;

/** The index that is made of what was read, in small files with small nodes: so there are many. */
final class IndexFilesTest {
  private static final int SEGMENTS = 3;
  private static final int LONGEST_NODE = 300;
  private static final int LONGEST_FILE = 3_000;
  private static final String NAME = "c";
  private static final String ENGINE = "16.0.7";

  @TempDir Path directory;

  private final Ticks clock = new Ticks();
  private final SerialCodec codec = new SerialCodec();
  private volatile boolean sweeping;

  /** What there is to be: of each key its number, and its deadline. */
  private final Map<String, Entry> expected = new TreeMap<>();

  private record Entry(int number, long deadline) {}

  /** The engine alone with one cache, of which memory holds little. */
  private final class Life implements AutoCloseable {
    private final LoneEngine engine = new LoneEngine(new EntryMarshaller(codec), clock);
    private final AdvancedCache<ClusterKey, Envelope> cache;
    private int writes;

    /**
     * @param compacted how much of a file is free when it is compacted
     */
    Life(Path folder, double compacted) {
      ConfigurationBuilder builder = new ConfigurationBuilder();
      builder.encoding().mediaType(MediaType.APPLICATION_OBJECT_TYPE);
      builder.clustering().hash().numSegments(SEGMENTS).keyPartitioner(new StablePlacement());
      builder.memory().maxCount(2).whenFull(EvictionStrategy.REMOVE);
      builder.expiration().wakeUpInterval(-1);
      CheckedStoreConfigurationBuilder files =
          builder.persistence().addStore(CheckedStoreConfigurationBuilder.class);
      files
          .compactionThreshold(compacted)
          .maxNodeSize(LONGEST_NODE)
          .maxFileSize(LONGEST_FILE)
          .dataLocation(folder.toString())
          .indexLocation(folder.toString())
          .purgeOnStartup(false);
      var manager = engine.started();
      manager.defineConfiguration(NAME, builder.build());
      cache = manager.<ClusterKey, Envelope>getCache(NAME).getAdvancedCache();
    }

    private ClusterKey key(String key) {
      return ClusterKey.written(key, codec);
    }

    void put(String key, long millis) {
      int number = ++writes;
      Envelope entry = Envelope.ofValue(new Envelope.Version(1, number), number);
      cache.put(key(key), entry, millis, TimeUnit.MILLISECONDS);
      expected.put(key, new Entry(number, millis < 0 ? -1 : clock.millis() + millis));
    }

    void remove(String key) {
      cache.remove(key(key));
      expected.remove(key);
    }

    void purge() {
      CompletionStages.join(
          ComponentRegistry.componentOf(cache, PersistenceManager.class).purgeExpired());
    }

    void assertAllIsThere(String when, List<String> keys) {
      expected
          .values()
          .removeIf(entry -> entry.deadline() >= 0 && entry.deadline() <= clock.millis());
      Map<String, Integer> loaded = new HashMap<>();
      for (String key : keys) {
        Envelope entry = cache.get(key(key));
        if (entry != null) {
          loaded.put(key, (Integer) entry.value(codec));
        }
      }
      Map<String, Integer> listed = new HashMap<>();
      cache.forEach((key, entry) -> listed.put((String) key.key(), (Integer) entry.value(codec)));
      Map<String, Integer> wanted = new HashMap<>();
      expected.forEach((key, entry) -> wanted.put(key, entry.number()));
      assertThat(loaded).as("read %s", when).isEqualTo(wanted);
      assertThat(listed).as("listed %s", when).isEqualTo(wanted);
    }

    @Override
    public void close() {
      engine.stop();
    }
  }

  private static Path index(Path folder) {
    return folder.resolve(NAME).resolve("index");
  }

  /**
   * @param mostHeld at how many bytes it uses the disk
   */
  private void check(Path folder, int mostHeld) {
    StoreFiles.check(
        NAME, folder, index -> new IndexFiles(index, SEGMENTS, LONGEST_NODE, mostHeld, ENGINE));
  }

  private static List<String> keys(int count, Random random) {
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      keys.add(i + "\u00e4".repeat(random.nextInt(4) * random.nextInt(12)));
    }
    return keys;
  }

  private static Random random(String what) {
    long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
    System.out.println(what + ": -Dmemogrid.test.seed=" + seed);
    return new Random(seed);
  }

  /** What a kill would leave: files only grow, so if none did meanwhile it is of one moment. */
  private static void copy(Path from, Path to) {
    Await.until(
        "a moment without a change",
        () -> {
          Folder.delete(to);
          try {
            Map<Path, Long> before = sizes(from);
            for (Path file : before.keySet()) {
              Files.createDirectories(to.resolve(file).getParent());
              Files.copy(from.resolve(file), to.resolve(file));
            }
            return before.equals(sizes(from)) && before.equals(sizes(to));
          } catch (NoSuchFileException | UncheckedIOException e) {
            return false; // compacted
          }
        });
  }

  private static Map<Path, Long> sizes(Path folder) throws IOException {
    Map<Path, Long> sizes = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).collect(Collectors.toList())) {
        sizes.put(folder.relativize(file), Files.size(file));
      }
    }
    return sizes;
  }

  @Test
  void whateverWasDoneAllIsThereAfterRestartsAndKills() throws Exception {
    Random random = random("restarts and kills");
    List<String> keys = keys(150, random);
    Path folder = directory.resolve("0");
    for (int round = 1; round <= 12; round++) {
      check(folder, round % 2 == 0 ? 500 : 1 << 20);
      boolean made = Files.exists(index(folder).resolve("index-count"));
      Path next = directory.resolve("" + round);
      try (Life life = new Life(folder, 0.5)) {
        assertThat(made).isEqualTo(round > 1);
        assertThat(index(folder).resolve("index.stats")).as("the engine took it").doesNotExist();
        life.writes = round * 1_000;
        life.assertAllIsThere("after round " + (round - 1), keys);
        Future<?> sweeps = sweeping(life);
        for (int i = 0; i < 400; i++) {
          String key = keys.get(random.nextInt(keys.size()));
          clock.tick(Duration.ofMillis(random.nextInt(5)));
          switch (random.nextInt(8)) {
            case 0, 1, 2 -> life.remove(key);
            case 3 -> life.put(key, 1 + random.nextInt(1_000));
            default -> life.put(key, -1);
          }
        }
        sweeping = false;
        sweeps.get(30, TimeUnit.SECONDS);
        life.assertAllIsThere("in round " + round, keys);
        if (random.nextBoolean()) {
          copy(folder, next);
        }
      }
      if (!Files.exists(next)) {
        Files.move(folder, next);
      }
      clock.tick(Duration.ofMillis(random.nextInt(500)));
      folder = next;
    }
  }

  /** Removes what has ended, over and over. */
  private Future<?> sweeping(Life life) {
    sweeping = true;
    return CompletableFuture.runAsync(
        () -> {
          while (sweeping) {
            life.purge();
          }
        });
  }

  /** Nothing is compacted here, as no file is without an entry that is there. */
  @Test
  void itIsWhatTheEngineMakesItself() throws IOException {
    Random random = random("ours and the engine's");
    List<String> keys = keys(200, random);
    Path folder = directory.resolve("c");
    Path ours = directory.resolve("ours");
    try (Life life = new Life(folder, 1)) {
      for (int i = 0; i < 1_500; i++) {
        String key = keys.get(random.nextInt(keys.size()));
        switch (random.nextInt(4)) {
          case 0 -> life.remove(key);
          case 1 -> life.put(key, 1 + random.nextInt(1_000));
          default -> life.put(key, -1);
        }
        if (i % 5 == 0) {
          life.put("stays " + i, -1);
        }
      }
      copy(folder, ours);
    }
    check(ours, 500);
    Folder.delete(index(folder));
    new Life(folder, 1).close();
    long max = counts(folder).remove(SEGMENTS);
    List<Long> counts = counts(ours);
    assertThat(counts.remove(SEGMENTS)).isEqualTo(max - 1); // the engine's is the next
    assertThat(counts).isEqualTo(counts(folder).subList(0, SEGMENTS));
    Map<Integer, List<Long>> stats = stats(ours);
    assertThat(stats).hasSizeGreaterThan(10).hasSameSizeAs(stats(folder));
    stats(folder)
        .forEach(
            (file, engines) -> {
              List<Long> made = stats.getOrDefault(file, List.of());
              assertThat(made.subList(0, 2)).isEqualTo(engines.subList(0, 2));
              // it loses that of a file of which it has heard before it has read it
              assertThat(engines.get(2)).isIn(made.get(2), -1L);
            });
    for (int segment = 0; segment < SEGMENTS; segment++) {
      assertThat(leaves(ours, segment)).isEqualTo(leaves(folder, segment)).hasSizeGreaterThan(100);
    }
  }

  private static List<Long> counts(Path folder) throws IOException {
    var in = new ByteArrayInputStream(Files.readAllBytes(index(folder).resolve("index-count")));
    assertThat(UnsignedNumeric.readUnsignedInt(in)).isEqualTo(SEGMENTS);
    List<Long> counts = new ArrayList<>();
    while (in.available() > 0) {
      counts.add(UnsignedNumeric.readUnsignedLong(in));
    }
    return counts;
  }

  private static Map<Integer, List<Long>> stats(Path folder) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(index(folder).resolve("index.stats")));
    Map<Integer, List<Long>> stats = new TreeMap<>();
    while (in.hasRemaining()) {
      stats.put(in.getInt(), List.of((long) in.getInt(), (long) in.getInt(), in.getLong()));
    }
    return stats;
  }

  private static List<String> leaves(Path folder, int segment) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(index(folder).resolve("index." + segment)));
    List<String> leaves = new ArrayList<>();
    addLeaves(in, (int) in.getLong(8), leaves);
    return leaves;
  }

  private static void addLeaves(ByteBuffer in, int node, List<String> leaves) {
    ByteBuffer at = in.duplicate().position(node);
    at.position(at.position() + 2 + in.getShort(node));
    byte kind = at.get();
    int separators = at.getShort();
    for (int i = 0; i < separators; i++) {
      int length = at.getShort();
      at.position(at.position() + length);
    }
    for (int i = 0; i <= separators; i++) {
      if (kind == 1) {
        leaves.add(at.getInt() + ":" + at.getInt() + " of " + at.getInt());
      } else {
        addLeaves(in, (int) at.getLong(), leaves);
        at.getShort();
      }
    }
  }

  @Test
  void whatIsNotOursIsLeftToTheEngine() throws IOException {
    byte[] ours = hex("01 00 00 00 07 6b");
    assertThat(isMade(ours, ENGINE)).isTrue();
    assertThat(isMade(ours, "16.0.8")).isFalse();
    assertThat(isMade("k".getBytes(UTF_8), ENGINE)).isFalse();
    assertThat(isMade(hex("01 00 00 00"), ENGINE)).isFalse();
    assertThat(isMade(wrapped(ours), ENGINE)).isFalse();
  }

  private boolean isMade(byte[] key, String engine) throws IOException {
    Path index = directory.resolve("index");
    IndexFiles files = new IndexFiles(index, SEGMENTS, LONGEST_NODE, 1, engine);
    files.add(0, 0, key, 0, 100, -1, true);
    files.end(0, 100);
    files.write();
    return Files.exists(index);
  }

  /** As the engine wraps what it has others encode, and wrapped keys once. */
  private static byte[] wrapped(byte[] key) {
    ByteBuffer out = ByteBuffer.allocate(key.length + 11).put(hex("98 01 02 8a 01"));
    putLength(key.length + (key.length < 128 ? 2 : 3), out);
    putLength(key.length, out.put((byte) 0x0a));
    out.put(key).flip();
    byte[] bytes = new byte[out.remaining()];
    out.get(bytes);
    return bytes;
  }

  private static void putLength(int length, ByteBuffer out) {
    if (length >= 128) {
      out.put((byte) (length | 128)).put((byte) (length >> 7));
    } else {
      out.put((byte) length);
    }
  }

  @Test
  void onlyAKeyInTheWrappingIsUnwrapped() {
    byte[] ours = hex("01 00 00 00 07 6b");
    byte[] wrapped = hex("98 01 02 8a 01 08 0a 06 01 00 00 00 07 6b");
    assertThat(wrapped(ours)).isEqualTo(wrapped);
    assertThat(EngineKey.unwrapped(wrapped)).isEqualTo(ours);
    byte[] longer = new byte[300];
    assertThat(EngineKey.unwrapped(wrapped(longer))).isEqualTo(longer);
    assertThat(EngineKey.unwrapped(ours)).isNull();
    for (int changed = 0; changed <= 7; changed++) { // what stands before the key
      byte[] key = wrapped.clone();
      key[changed]++;
      assertThat(EngineKey.unwrapped(key)).as("byte %s", changed).isNull();
    }
  }

  @Test
  void filesFromBeforeWithWrappedKeysAreOpenedAndThenAsOurs() throws IOException {
    Random random = random("wrapped keys");
    List<String> keys = keys(150, random);
    Path folder = directory.resolve("before");
    try (Life life = new Life(folder, 0.5)) {
      for (int i = 0; i < 600; i++) {
        String key = keys.get(random.nextInt(keys.size()));
        switch (random.nextInt(4)) {
          case 0 -> life.remove(key);
          case 1 -> life.put(key, 500 + random.nextInt(1_000));
          default -> life.put(key, -1);
        }
      }
    }
    Map<Path, byte[]> ours = new HashMap<>();
    for (Path file : dataFiles(folder)) {
      byte[] bytes = Files.readAllBytes(file);
      ours.put(file, bytes);
      if (ours.size() % 3 > 0) { // as a kill leaves them
        Files.write(file, wrappedKeys(ByteBuffer.wrap(bytes)));
        Files.write(file.resolveSibling("unwrapped"), new byte[5_000]);
      }
    }
    assertThat(ours).hasSizeGreaterThan(5);
    clock.tick(Duration.ofMillis(700));
    check(folder, 500);
    for (Path file : dataFiles(folder)) {
      assertThat(file).hasBinaryContent(ours.get(file));
    }
    assertThat(dataFiles(folder)).hasSameSizeAs(ours.keySet());
    assertThat(index(folder).resolve("index-count")).exists();
    try (Life life = new Life(folder, 0.5)) {
      life.assertAllIsThere("from before", keys);
    }
  }

  /** All files of a few lives, as they were once written. */
  private Map<Path, byte[]> wrappedFiles(Path folder) throws IOException {
    try (Life life = new Life(folder, 0.5)) {
      for (int i = 0; i < 200; i++) {
        life.put("key " + i, -1);
      }
    }
    Map<Path, byte[]> files = new TreeMap<>();
    for (Path file : dataFiles(folder)) {
      byte[] bytes = wrappedKeys(ByteBuffer.wrap(Files.readAllBytes(file)));
      files.put(file, bytes);
      Files.write(file, bytes);
    }
    assertThat(files).hasSizeGreaterThan(2);
    return files;
  }

  /** In whatever order they are read. */
  @Test
  void filesFromBeforeAreAsTheyWereIfOneOfThemIsNotAsItWasWritten() throws IOException {
    Path folder = directory.resolve("changed");
    Map<Path, byte[]> files = wrappedFiles(folder);
    for (Map.Entry<Path, byte[]> changed : files.entrySet()) {
      byte[] sound = changed.getValue().clone();
      changed.getValue()[0]++;
      Files.write(changed.getKey(), changed.getValue());
      assertThatThrownBy(() -> check(folder, 500))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining(changed.getKey() + " is not as it was written, at byte 0");
      assertAreAsTheyWere(folder, files);
      changed.setValue(sound);
      Files.write(changed.getKey(), sound);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void filesFromBeforeAreAsTheyWereIfTheDiskIsFull() throws IOException {
    Path folder = directory.resolve("full");
    Map<Path, byte[]> files = wrappedFiles(folder);
    Path made = dataFiles(folder).get(0).resolveSibling("unwrapped");
    Files.createSymbolicLink(made, Path.of("/dev/full"));
    assertThatThrownBy(() -> check(folder, 500))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("can't be written anew")
        .hasMessageContaining("see that the disk has room");
    assertAreAsTheyWere(folder, files);
    check(folder, 500);
    try (Life life = new Life(folder, 0.5)) {
      life.assertAllIsThere("once there is room", List.copyOf(expected.keySet()));
    }
  }

  private static void assertAreAsTheyWere(Path folder, Map<Path, byte[]> files) throws IOException {
    assertThat(dataFiles(folder)).hasSameElementsAs(files.keySet());
    files.forEach((file, bytes) -> assertThat(file).hasBinaryContent(bytes));
    try (Stream<Path> all = Files.list(dataFiles(folder).get(0).getParent())) {
      assertThat(all.map(Path::toString)).hasSize(files.size()); // nothing that takes room
    }
  }

  private static List<Path> dataFiles(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(StoreFiles::isData).collect(Collectors.toList());
    }
  }

  /** All records of a file, as they were once written. */
  private static byte[] wrappedKeys(ByteBuffer in) {
    ByteBuffer out = ByteBuffer.allocate(3 * in.limit());
    while (in.hasRemaining()) {
      int at = in.position();
      byte[] head = new byte[StoreFiles.HEAD];
      in.get(head);
      byte[] key = new byte[in.getShort(at + 1)];
      in.get(key);
      byte[] metadata = new byte[in.getShort(at + 3)];
      in.get(metadata);
      byte[] value = new byte[in.getInt(at + 5)];
      in.get(value);
      byte[] internal = new byte[in.getShort(at + 9)];
      in.get(internal);
      byte[] wrapped = wrapped(key);
      if (value.length > 0) {
        Checksum sum = new Checksum();
        sum.add(wrapped, 0, wrapped.length);
        sum.add(value, Checksum.BYTES, value.length - Checksum.BYTES);
        if (metadata.length > 0) {
          sum.add(metadata, 0, metadata.length - 16);
          sum.add(ByteBuffer.wrap(metadata).getLong(metadata.length - 16));
        }
        ByteBuffer.wrap(value).putInt(sum.value());
      }
      ByteBuffer.wrap(head).putShort(1, (short) wrapped.length);
      out.put(head).put(wrapped).put(metadata).put(value).put(internal);
    }
    byte[] bytes = new byte[out.position()];
    out.get(0, bytes);
    return bytes;
  }

  private static byte[] hex(String text) {
    String[] each = text.split(" ", -1);
    byte[] bytes = new byte[each.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Integer.parseInt(each[i], 16);
    }
    return bytes;
  }
}
