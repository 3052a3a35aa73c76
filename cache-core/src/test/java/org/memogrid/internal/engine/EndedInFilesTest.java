/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.reactivex.rxjava3.core.Flowable;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.infinispan.Cache;
import org.infinispan.commons.dataconversion.MediaType;
import org.infinispan.commons.io.ByteBufferFactoryImpl;
import org.infinispan.commons.time.TimeService;
import org.infinispan.commons.util.IntSets;
import org.infinispan.commons.util.concurrent.CompletionStages;
import org.infinispan.configuration.cache.ConfigurationBuilder;
import org.infinispan.configuration.cache.StoreConfiguration;
import org.infinispan.distribution.ch.KeyPartitioner;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.factories.KnownComponentNames;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.marshall.persistence.PersistenceMarshaller;
import org.infinispan.metadata.EmbeddedMetadata;
import org.infinispan.metadata.Metadata;
import org.infinispan.persistence.InitializationContextImpl;
import org.infinispan.persistence.spi.InitializationContext;
import org.infinispan.persistence.spi.MarshallableEntry;
import org.infinispan.persistence.spi.MarshallableEntryFactory;
import org.infinispan.util.concurrent.BlockingManager;
import org.infinispan.util.concurrent.NonBlockingManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.internal.store.Envelope;
import org.memogrid.testkit.Await;

/** What has ended in files: not read, deleted in a sweep, and nothing else with it. */
final class EndedInFilesTest {
  @TempDir Path directory;

  private final Ticks clock = new Ticks();
  private final SerialCodec codec = new SerialCodec();
  private final LoneEngine engine = new LoneEngine(new EntryMarshaller(codec), clock);
  private final HeldThread index = new HeldThread();
  private final CheckedStore<ClusterKey, Envelope> store = new CheckedStore<>();
  private InitializationContext context;
  private MarshallableEntryFactory<ClusterKey, Envelope> entries;

  /** Runs what it is given, unless it is held. */
  private static final class HeldThread {
    private final List<Runnable> waiting = new ArrayList<>();
    private boolean held;

    synchronized void hold() {
      held = true;
    }

    synchronized void release(Executor threads) {
      held = false;
      waiting.forEach(threads::execute);
      waiting.clear();
    }

    synchronized void execute(Runnable work, Executor threads) {
      if (held) {
        waiting.add(work);
      } else {
        threads.execute(work);
      }
    }
  }

  @BeforeEach
  @SuppressWarnings("unchecked") // of this cache
  void start() {
    EmbeddedCacheManager manager = engine.started();
    ConfigurationBuilder builder = new ConfigurationBuilder();
    builder.encoding().mediaType(MediaType.APPLICATION_OBJECT_TYPE);
    builder.clustering().hash().numSegments(4).keyPartitioner(new StablePlacement());
    manager.defineConfiguration("c", builder.build());
    Cache<Object, Object> cache = manager.getCache("c");
    ComponentRegistry components = ComponentRegistry.of(cache);
    BlockingManager threads = components.getComponent(BlockingManager.class);
    entries = components.getComponent(MarshallableEntryFactory.class);
    StoreConfiguration configuration = EngineConfiguration.files(directory);
    context =
        new InitializationContextImpl(
            configuration,
            cache,
            components.getComponent(KeyPartitioner.class),
            components.getComponent(
                PersistenceMarshaller.class, KnownComponentNames.PERSISTENCE_MARSHALLER),
            components.getComponent(TimeService.class),
            new ByteBufferFactoryImpl(),
            entries,
            threads.asExecutor("any"),
            manager.getCacheManagerConfiguration(),
            withHeldIndex(threads),
            components.getComponent(NonBlockingManager.class));
    CompletionStages.join(store.start(context));
  }

  private BlockingManager withHeldIndex(BlockingManager threads) {
    return (BlockingManager)
        Proxy.newProxyInstance(
            BlockingManager.class.getClassLoader(),
            new Class<?>[] {BlockingManager.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("asExecutor") && "sifs-index".equals(arguments[0])) {
                Executor all = threads.asExecutor("sifs-index");
                return (Executor) work -> index.execute(work, all);
              }
              try {
                return method.invoke(threads, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @AfterEach
  void stop() {
    CompletionStages.join(store.stop());
    engine.stop();
  }

  private ClusterKey key(String key) {
    return ClusterKey.written(key, codec);
  }

  private int segment(String key) {
    return context.getKeyPartitioner().getSegment(key(key));
  }

  /**
   * @param millis how long it lives; negative for ever
   */
  private void write(String key, int value, long millis) {
    Metadata metadata =
        millis < 0 ? null : new EmbeddedMetadata.Builder().lifespan(millis, MILLISECONDS).build();
    Envelope entry = Envelope.ofValue(new Envelope.Version(1, value), value);
    CompletionStages.join(
        store.write(
            segment(key),
            entries.create(key(key), entry, metadata, null, clock.millis(), clock.millis())));
  }

  private @Nullable Integer read(String key) {
    MarshallableEntry<ClusterKey, Envelope> entry =
        CompletionStages.join(store.load(segment(key), key(key)));
    return entry == null ? null : (Integer) entry.getValue().value(codec);
  }

  private Set<String> listed(boolean values) {
    return new TreeSet<>(
        Flowable.fromPublisher(
                store.publishEntries(IntSets.immutableRangeSet(4), key -> true, values))
            .map(entry -> (String) entry.getKey().key())
            .toList()
            .blockingGet());
  }

  private CompletableFuture<List<String>> sweep() {
    return Flowable.fromPublisher(store.purgeExpired())
        .map(entry -> entry.getKey().key() + "=" + entry.getValue().value(codec))
        .collect(Collectors.toList())
        .toCompletionStage()
        .toCompletableFuture();
  }

  private int dataFiles() {
    try (Stream<Path> all = Files.walk(directory)) {
      return (int) all.filter(StoreFiles::isData).count();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * The engine's own sweep goes through the file that is written to, and notes each key as removed
   * there that has an older record in it and its newest not in the index yet.
   */
  @Test
  void aSweepKeepsAWriteThatTheIndexHasNotYet() {
    write("k", 1, -1);
    index.hold();
    write("k", 2, -1);
    CompletableFuture<List<String>> swept = sweep();
    Await.until("it has been at the file", () -> swept.isDone() || dataFiles() > 1);
    index.release(context.getBlockingManager().asExecutor("index"));
    assertThat(swept.join()).isEmpty();
    assertThat(read("k")).isEqualTo(2);
  }

  @Test
  void aSweepDeletesWhatHasEndedAndTellsOfItOnce() {
    write("stays", 1, -1);
    write("short", 2, 10);
    write("long", 3, 30);
    write("renewed", 4, 10);
    write("renewed", 5, 20);
    write("settled", 6, 10);
    write("settled", 7, -1);
    write("removed", 8, 10);
    CompletionStages.join(store.delete(segment("removed"), key("removed")));
    assertThat(sweep().join()).isEmpty();
    clock.tick(Duration.ofMillis(10));
    assertThat(read("short")).isNull();
    assertThat(CompletionStages.join(store.containsKey(segment("short"), key("short")))).isFalse();
    assertThat(listed(true)).containsExactly("long", "renewed", "settled", "stays");
    assertThat(listed(false)).containsExactly("long", "renewed", "settled", "stays");
    assertThat(sweep().join()).containsExactly("short=2");
    assertThat(sweep().join()).isEmpty();
    clock.tick(Duration.ofMillis(10));
    write("short", 9, 5);
    assertThat(sweep().join()).containsExactly("renewed=5");
    clock.tick(Duration.ofMillis(10));
    assertThat(sweep().join()).containsExactlyInAnyOrder("short=9", "long=3");
    assertThat(CompletionStages.join(store.size(IntSets.immutableRangeSet(4)))).isEqualTo(2);
    assertThat(read("settled")).isEqualTo(7);
    assertThat(read("stays")).isEqualTo(1);
  }

  @Test
  void theFirstThatEndsIsFoundThoughNothingEndedBefore() {
    write("stays", 1, -1);
    assertThat(sweep().join()).isEmpty();
    write("short", 2, 10);
    write("last", 3, 10);
    clock.tick(Duration.ofMillis(10));
    assertThat(listed(true)).containsExactly("stays");
    assertThat(listed(false)).containsExactly("stays");
    assertThat(sweep().join()).containsExactlyInAnyOrder("short=2", "last=3");
  }

  /** The file after a {@code clear} has the name of the one before. */
  @Test
  void whatIsWrittenAfterAClearIsFoundToo() {
    isFoundAfter(store::clear);
  }

  /** As members that share a cache do. */
  @Test
  void whatIsWrittenAfterAClearWithoutAMarkIsFoundToo() {
    isFoundAfter(store::clearUnmarked);
  }

  private void isFoundAfter(Supplier<CompletionStage<Void>> clear) {
    write("before", 1, 1_000); // long enough that the file is not read anew for their sake
    write("more", 2, 1_000);
    assertThat(sweep().join()).isEmpty();
    CompletionStages.join(clear.get());
    write("after", 3, 10);
    clock.tick(Duration.ofMillis(10));
    assertThat(sweep().join()).containsExactly("after=3");
  }

  @Test
  void anEntryIsDeletedIfItHasEndedOnly() {
    write("k", 1, 10);
    assertThat(CompletionStages.join(store.deleteEnded(segment("k"), key("k")))).isFalse();
    clock.tick(Duration.ofMillis(10));
    write("k", 2, 10);
    assertThat(CompletionStages.join(store.deleteEnded(segment("k"), key("k")))).isFalse();
    assertThat(read("k")).isEqualTo(2);
    clock.tick(Duration.ofMillis(10));
    assertThat(CompletionStages.join(store.deleteEnded(segment("k"), key("k")))).isTrue();
    assertThat(CompletionStages.join(store.deleteEnded(segment("k"), key("k")))).isFalse();
    assertThat(sweep().join()).isEmpty();
  }

  /** More than fit into one window of the reader, with values longer than that. */
  @Test
  void allOfManyAreFoundWhereverTheyStand() {
    List<String> expected = new ArrayList<>();
    String filler = "x".repeat(100);
    IntStream.range(0, 2_000)
        .forEach(
            i -> {
              write(filler + i, i, i % 3 == 0 ? 10 + i % 5 : -1);
              if (i % 3 == 0) {
                expected.add(filler + i + "=" + i);
              }
            });
    List<String> swept = new ArrayList<>(sweep().join());
    for (int i = 0; i < 15; i++) {
      clock.tick(Duration.ofMillis(1));
      swept.addAll(sweep().join());
    }
    assertThat(swept).containsExactlyInAnyOrderElementsOf(expected);
  }
}
