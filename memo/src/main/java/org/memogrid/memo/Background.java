/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * A call that nobody waits for in person: the memo's threads run for it and pass on what came of
 * it. {@link #abandon} may come at any time.
 */
final class Background<K> extends Call {
  private final MemoNode node;
  private final Executor threads;
  private final Work<K> work;

  /** Completes on a thread of the memo's; never exceptionally. */
  final CompletableFuture<Effect.Outcome> outcome = new CompletableFuture<>();

  private volatile boolean abandoned;

  /**
   * What to run, should it come to that.
   *
   * @param outer what its caller's thread is in
   * @param ancestors tokens of runs on another member that wait for it
   * @param seen null, or the entry that it is to replace
   */
  record Work<K>(
      K key,
      Function<? super K, ?> fn,
      @Nullable Running outer,
      List<Token> ancestors,
      @Nullable Envelope seen,
      Starter<K> starter) {}

  /** Takes a run that is due, on the thread of the call's turn. */
  interface Starter<K> {
    /** From here on the run can be told to stop. */
    void expect(Runner.Run<K> run);

    void start(Runner.Run<K> run);
  }

  Background(MemoNode node, Executor threads, Work<K> work) {
    this.node = node;
    this.threads = threads;
    this.work = work;
  }

  /** Nobody wants to know any more. */
  void abandon() {
    abandoned = true;
    if (leave()) {
      node.feed(core -> core.leave(this));
    }
  }

  @Override
  void wake() {
    try {
      threads.execute(this::goOn);
    } catch (RejectedExecutionException closing) {
      goOn();
    } catch (OutOfMemoryError e) { // no thread could be made
      decline(e);
      goOn();
    }
  }

  /** Another caller runs it, if there is one. */
  private void decline(OutOfMemoryError e) {
    Token token = take();
    if (token != null) {
      computed();
      complete(
          new Effect.Threw(Failure.of(e, node.id() + ": no thread for a run on " + node.self())));
      node.feed(core -> core.declined(token, this));
    }
  }

  private void goOn() {
    Token token = take();
    if (token != null && abandoned) {
      computed();
      node.feed(core -> core.declined(token, this));
    } else if (token != null) {
      begin(
          new Runner.Run<>(
              work.key, work.fn, token, this, work.outer, work.ancestors, work.seen != null));
    }
    Effect.Outcome came = outcome();
    if (came != null) {
      outcome.complete(came);
    }
  }

  /**
   * The call may leave while the function runs, and leaving stops the run: so it is expected before
   * the call can leave. Otherwise 1. the call leaves; 2. the stop finds no run of its token, and is
   * lost; 3. the function runs, though nobody waits. Who abandoned the call between its turn and
   * here could not leave yet: that is made up for before the function runs, not after it.
   */
  private void begin(Runner.Run<K> run) {
    work.starter.expect(run);
    computed();
    if (abandoned) {
      abandon();
    }
    work.starter.start(run);
  }
}
