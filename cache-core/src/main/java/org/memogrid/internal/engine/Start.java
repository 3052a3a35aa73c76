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
import java.util.function.Consumer;
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

  /** How often it asks those that it has not heard. */
  private static final Duration ASKING = Duration.ofSeconds(1);

  private final String engineName;
  private final String cache;
  private final SharedFiles files;
  private final Consumer<Set<String>> ask;
  private final Runnable onFailure;
  private final CompletableFuture<Path> started = new CompletableFuture<>();

  /** On the thread of the events. */
  private final Set<String> heard = new HashSet<>();

  /**
   * @param ask tells members what is known here, and asks for what they know; on the thread of the
   *     events
   * @param onFailure closes what was opened
   */
  Start(String engineName, SharedFiles files, Consumer<Set<String>> ask, Runnable onFailure) {
    this.engineName = engineName;
    this.cache = Incarnation.cacheName(engineName);
    this.files = files;
    this.ask = ask;
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
    after(HEARING, this::giveUp);
    after(ASKING, this::askAgain);
  }

  private void after(Duration time, Runnable event) {
    CompletableFuture.delayedExecutor(time.toMillis(), TimeUnit.MILLISECONDS)
        .execute(() -> files.execute(event));
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
      News failed = new News.Failed(engineName, String.valueOf(cause.getMessage()));
      files.tellAll(id -> failed);
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

  boolean hasHeard(String member) {
    return heard.contains(member);
  }

  private void askAgain() {
    if (started.isDone()) {
      return;
    }
    Set<String> silent = new HashSet<>();
    silent().forEach(member -> silent.add(member.id()));
    ask.accept(silent);
    after(ASKING, this::askAgain);
  }

  private void giveUp() {
    if (started.isDone()) {
      return;
    }
    Set<String> silent = new TreeSet<>();
    silent().forEach(member -> silent.add(member.name()));
    String why =
        silent.isEmpty()
            ? HeldReasons.notBegun(cache, files.link().view(), HEARING)
            : HeldReasons.silent(cache, silent, HEARING);
    failEverywhere(new CacheException(why));
  }

  private List<Member> silent() {
    Member self = files.link().self();
    return files.link().view().stream()
        .filter(member -> !member.equals(self) && !heard.contains(member.id()))
        .toList();
  }
}
