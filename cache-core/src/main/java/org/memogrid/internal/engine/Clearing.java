/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.infinispan.commons.util.concurrent.CompletableFutures;
import org.infinispan.persistence.spi.PersistenceException;
import org.infinispan.util.concurrent.BlockingManager;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;

/**
 * Has the files of a folder cleared as in one step. They are deleted one after the other, and not
 * by age: after a kill in the midst of it an entry might be there whose removal is not. So a mark
 * beside the folder says that all is to go, and who finds it {@linkplain #finish goes on with
 * that}. Thread-safe.
 *
 * <p>Invariant: no write is confirmed while the mark is there. So what a kill takes then was
 * confirmed before the clear, or to nobody. If the mark has to stay, since nobody knows what is
 * left of the files, nothing is confirmed any more.
 */
final class Clearing {
  private static final String MARK = "clearing";

  private final Path mark;
  private final BlockingManager threads;

  /** Null while there is no mark; fails if it stays. */
  private volatile @Nullable CompletionStage<Void> underWay;

  private CompletionStage<Void> last = CompletableFutures.completedNull();

  Clearing(Path files, BlockingManager threads) {
    this.mark = markOf(files);
    this.threads = threads;
  }

  private static Path markOf(Path files) {
    return files.resolveSibling(MARK);
  }

  /** Before the files are opened: deletes them if they were to be cleared. */
  static void finish(Path files) {
    if (Files.exists(markOf(files))) {
      delete(files);
    }
  }

  /** The same for files that nobody has open. */
  static void delete(Path files) {
    if (!Files.exists(files.getParent())) {
      return;
    }
    try {
      make(markOf(files));
    } catch (IOException e) {
      throw new CacheException(
          "can't write beside " + files + ": " + e + "; nothing was deleted", e);
    }
    Folder.delete(files);
    Folder.delete(markOf(files));
  }

  private static void make(Path mark) throws IOException {
    var unused = Files.write(mark, new byte[0]);
  }

  /** Clears, behind a clear that is under way. If it can't be marked nothing has changed. */
  synchronized CompletionStage<Void> clear(Supplier<CompletionStage<Void>> files) {
    last = last.handle((done, failed) -> null).thenCompose(free -> clearAlone(files));
    return last;
  }

  private CompletionStage<Void> clearAlone(Supplier<CompletionStage<Void>> files) {
    CompletableFuture<Void> over = new CompletableFuture<>();
    underWay = over;
    return marking(() -> make(mark), "nothing was cleared")
        .whenComplete((marked, refused) -> end(over, refused != null, null))
        .thenCompose(
            marked ->
                files
                    .get()
                    .thenCompose(cleared -> marking(() -> Files.delete(mark), "all is cleared"))
                    .whenComplete((done, failed) -> end(over, failed == null, failed)));
  }

  private void end(CompletableFuture<Void> over, boolean unmarked, @Nullable Throwable failed) {
    if (unmarked) {
      underWay = null;
      over.complete(null);
    } else if (failed != null) {
      over.completeExceptionally(failed);
    }
  }

  /** What was written is confirmed when no clear is under way; not if one has failed. */
  <T> CompletionStage<T> confirm(CompletionStage<T> written) {
    return written.thenCompose(
        done -> {
          CompletionStage<Void> clear = underWay;
          return clear == null
              ? CompletableFuture.completedFuture(done)
              : clear.thenApply(over -> done);
        });
  }

  private interface Step {
    void make() throws IOException;
  }

  private CompletionStage<Void> marking(Step step, String where) {
    return threads.runBlocking(
        () -> {
          try {
            step.make();
          } catch (IOException e) {
            throw new PersistenceException(
                "the file " + mark + " can't be made or deleted (" + e + "); " + where, e);
          }
        },
        "memogrid-clearing");
  }
}
