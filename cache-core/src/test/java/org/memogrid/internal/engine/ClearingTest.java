/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.infinispan.AdvancedCache;
import org.infinispan.commons.util.concurrent.CompletableFutures;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.persistence.manager.PersistenceManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;

/** All that is in files goes in one step, though its files go one by one. */
class ClearingTest {
  @TempDir Path directory;
  private Cluster cluster;
  private Cache<String, Integer> cache;

  @BeforeEach
  void open() {
    cluster = Cluster.local();
    cache = cluster.cache("prices", CacheOptions.of(Mode.LOCAL).persist(Persist.file(directory)));
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private void reopen() {
    close();
    open();
  }

  private Path mark() {
    return directory.resolve("prices/clearing");
  }

  private Path files() {
    return directory.resolve("prices/local");
  }

  /** That of the cache's own store. */
  private Clearing clearing() {
    PersistenceManager stores =
        ComponentRegistry.componentOf(cache.unwrap(AdvancedCache.class), PersistenceManager.class);
    return stores.getStores(CheckedStore.class).iterator().next().clearing();
  }

  @Test
  void whatAKillLeftOfAClearIsClearedBeforeTheNextLife() throws IOException {
    cache.put("removed before", 1);
    close();
    Files.createFile(mark());
    open();
    assertThat(cache.asMap()).isEmpty();
    assertThat(mark()).doesNotExist();
    cache.put("kept", 2);
    reopen();
    assertThat(cache.asMap()).isEqualTo(Map.of("kept", 2));
  }

  @Test
  void aClearThatFailedIsMadeByTheNextLife() throws IOException {
    cache.put("removed before", 1);
    Path data = dataFolder();
    for (int i = 0; i < 100; i++) { // one of them is most likely met before the data
      Files.createDirectories(data.resolve("not-empty-" + i + "/folder"));
    }
    assertThatThrownBy(cache::clear).isInstanceOf(CacheException.class);
    assertThat(mark()).exists();
    assertThatThrownBy(() -> cache.put("k", 2))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("start this member again");
    reopen();
    assertThat(cache.asMap()).isEmpty();
    assertThat(mark()).doesNotExist();
    cache.put("kept", 2);
    assertThat(cache.get("kept")).isEqualTo(2);
  }

  private Path dataFolder() throws IOException {
    try (Stream<Path> all = Files.walk(files())) {
      return all.filter(path -> path.endsWith("data")).findFirst().orElseThrow();
    }
  }

  @Test
  void aClearThatCannotBeMarkedChangesNothing() throws IOException {
    cache.put("k", 1);
    Files.createDirectory(mark());
    assertThatThrownBy(cache::clear)
        .isInstanceOf(CacheException.class)
        .hasStackTraceContaining("nothing was cleared");
    assertThat(cache.get("k")).isEqualTo(1);
    Files.delete(mark());
    cache.put("l", 2);
    reopen();
    assertThat(cache.asMap()).isEqualTo(Map.of("k", 1, "l", 2));
  }

  @Test
  void aWriteBesideAClearIsConfirmedWhenTheMarkIsGone() {
    Clearing clearing = clearing();
    CompletableFuture<Void> deleted = new CompletableFuture<>();
    CompletionStage<Void> cleared = clearing.clear(() -> deleted);
    CompletionStage<Void> second = clearing.clear(CompletableFutures::completedNull);
    Await.until("the mark", () -> Files.exists(mark()));
    CompletableFuture<String> write =
        clearing.confirm(CompletableFuture.completedFuture("done")).toCompletableFuture();
    assertThat(write).isNotDone();
    CompletableFuture<Boolean> marked = write.thenApply(done -> Files.exists(mark()));
    deleted.complete(null);
    cleared.toCompletableFuture().join();
    assertThat(write.join()).isEqualTo("done");
    assertThat(marked).isDone();
    second.toCompletableFuture().join();
    assertThat(mark()).doesNotExist();
    assertThat(clearing.confirm(CompletableFuture.completedFuture("done"))).isCompleted();
  }

  @Test
  void whatIsPutBesideAClearIsConfirmedBehindItAlone() {
    isConfirmedBehindAClearAlone(() -> cache.put("l", 1));
  }

  @Test
  void whatIsRemovedBesideAClearIsConfirmedBehindItAlone() {
    cache.put("k", 1);
    isConfirmedBehindAClearAlone(() -> cache.remove("k"));
  }

  private void isConfirmedBehindAClearAlone(Runnable write) {
    CompletableFuture<Void> deleted = new CompletableFuture<>();
    CompletionStage<Void> cleared = clearing().clear(() -> deleted);
    Await.until("the mark", () -> Files.exists(mark()));
    CompletableFuture<Void> written = CompletableFuture.runAsync(write);
    deleted.completeExceptionally(new IOException("disk"));
    assertThatThrownBy(() -> cleared.toCompletableFuture().join()).hasRootCauseMessage("disk");
    assertThatThrownBy(written::join).hasRootCauseMessage("disk");
  }

  @Test
  void nothingIsConfirmedWhileAMarkHasToStay() {
    Clearing clearing = clearing();
    CompletionStage<Void> cleared =
        clearing.clear(() -> CompletableFuture.failedFuture(new IOException("disk")));
    assertThatThrownBy(() -> cleared.toCompletableFuture().join()).hasRootCauseMessage("disk");
    CompletableFuture<String> write = CompletableFuture.completedFuture("done");
    assertThatThrownBy(() -> clearing.confirm(write).toCompletableFuture().join())
        .hasRootCauseMessage("disk");
    assertThat(mark()).exists();
    clearing.clear(CompletableFutures::completedNull).toCompletableFuture().join();
    assertThat(mark()).doesNotExist();
    assertThat(clearing.confirm(write).toCompletableFuture().join()).isEqualTo("done");
  }

  @Test
  void whatIsDestroyedGoesInOneStepToo() throws IOException {
    cache.put("k", 1);
    close();
    Clearing.delete(files());
    assertThat(files()).doesNotExist();
    assertThat(mark()).doesNotExist();
    open();
    cache.destroy();
    assertThat(files()).doesNotExist();
  }
}
