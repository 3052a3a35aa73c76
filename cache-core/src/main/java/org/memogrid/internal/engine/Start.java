/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.memogrid.cache.CacheException;
import org.memogrid.cluster.Member;

/**
 * The start of one cache in files on one member: the engine waits with it until the others have
 * said what their files have. If it fails here it fails everywhere, and whoever waits is told why.
 * Thread-safe, but for what says otherwise.
 */
final class Start {
  /** How long a member waits for what the others know. */
  private static final Duration HEARING = Duration.ofSeconds(30);

  private final String engineName;
  private final String cache;
  private final SharedFiles files;
  private final Runnable onFailure;
  private final CompletableFuture<Path> started = new CompletableFuture<>();

  /** On the thread of the events. */
  private final Set<String> heard = new HashSet<>();

  /**
   * @param onFailure closes what was opened
   */
  Start(String engineName, SharedFiles files, Runnable onFailure) {
    this.engineName = engineName;
    this.cache = Incarnation.cacheName(engineName);
    this.files = files;
    this.onFailure = onFailure;
  }

  /** Where this life's files are to be. */
  CompletionStage<Path> started() {
    return started;
  }

  /** Returns when the cache may start here. */
  void await() {
    try {
      var unused = started.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof CacheException failure ? failure : e;
    }
  }

  boolean isDone() {
    return started.isDone();
  }

  boolean hasFailed() {
    return started.isCompletedExceptionally();
  }

  void begin() {
    CompletableFuture.delayedExecutor(HEARING.toMillis(), TimeUnit.MILLISECONDS)
        .execute(() -> files.execute(this::giveUp));
  }

  void complete(Path files) {
    started.complete(files);
  }

  /** Here, and so everywhere. */
  void failEverywhere(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (!started.isDone()) {
      files.tellAll(new News.Failed(engineName, String.valueOf(cause.getMessage())));
      fail(cause);
    }
  }

  void fail(Throwable cause) {
    if (started.completeExceptionally(cause)) {
      onFailure.run();
    }
  }

  /** This member leaves: what was opened is closed with all else. */
  void leave() {
    started.completeExceptionally(new CacheException(HeldReasons.leaves(cache)));
  }

  // ---- on the thread of the events

  /** Whether it was not heard before. */
  boolean hear(String member) {
    return heard.add(member);
  }

  void onView(List<String> members) {
    heard.retainAll(members);
  }

  private void giveUp() {
    if (started.isDone()) {
      return;
    }
    Set<String> silent = new TreeSet<>();
    for (Member member : files.link().view()) {
      if (!heard.contains(member.id()) && !member.equals(files.link().self())) {
        silent.add(member.name());
      }
    }
    failEverywhere(new CacheException(HeldReasons.silent(cache, silent, HEARING)));
  }
}
