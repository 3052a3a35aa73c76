/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;
import org.memogrid.internal.store.Envelope;

/** The public face of a memo on one member: calls, on threads that wait and compute. */
final class MemoHandle<K, V> implements Memo<K, V> {
  private final MemoNode node;
  private final ExecutorService runners;
  private final Plan<K, V> plan;
  private final LongAdder hits = new LongAdder();
  private final LongAdder joins = new LongAdder();
  private final LongAdder runs = new LongAdder();
  private final LongAdder failures = new LongAdder();
  private final LongAdder runNanos = new LongAdder();
  private volatile boolean closed;

  /** What the user asked for; durations in milliseconds, 0 for ever. */
  record Plan<K, V>(
      Function<? super K, ? extends V> fn,
      UnaryOperator<K> normaliser,
      long timeToLive,
      long maxIdle) {}

  MemoHandle(MemoNode node, ExecutorService runners, Plan<K, V> plan) {
    this.node = node;
    this.runners = runners;
    this.plan = plan;
  }

  @Override
  public String name() {
    return node.id().name();
  }

  @Override
  public Mode mode() {
    return node.id().mode();
  }

  // ---- calls

  @Override
  public V apply(K key) {
    K asked = open(key);
    Envelope here = here(asked);
    return here == null ? computed(asked, plan.fn) : remembered(asked, here);
  }

  private @Nullable Envelope here(K key) {
    try {
      return node.here(key);
    } catch (IllegalArgumentException e) {
      throw unsendable(key, e);
    }
  }

  private V computed(K key, Function<? super K, ? extends V> fn) {
    requireSound(key);
    Call.Blocking call = new Call.Blocking();
    node.call(key, call, Running.tokensOf(node), joins::increment);
    while (true) {
      await(call, key);
      Token token = call.take();
      if (token == null) {
        return outcome(call);
      }
      compute(key, fn, token, call);
    }
  }

  private void await(Call.Blocking call, K key) {
    try {
      call.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      if (call.leave()) {
        node.feed(core -> core.leave(call));
        throw new MemoException(
            node.id() + ": interrupted while waiting for the result for " + key, e);
      }
    }
  }

  @Override
  public CompletableFuture<V> async(K key) {
    K asked = open(key);
    Envelope here = here(asked);
    if (here != null) {
      return CompletableFuture.completedFuture(remembered(asked, here));
    }
    requireSound(asked);
    Background<K, V> call = new Background<>(this, asked);
    node.call(asked, call, Running.tokensOf(node), joins::increment);
    return call.future;
  }

  @Override
  public Map<K, V> getAll(Collection<? extends K> keys) {
    Map<K, CompletableFuture<V>> asked = new LinkedHashMap<>();
    for (K key : keys) {
      asked.computeIfAbsent(requireNonNull(key, "a key of keys"), this::async);
    }
    Map<K, V> results = new LinkedHashMap<>();
    asked.forEach((key, future) -> results.put(key, joined(future)));
    return results;
  }

  private static <V> V joined(CompletableFuture<V> future) {
    try {
      return future.join();
    } catch (java.util.concurrent.CompletionException e) {
      throw MemoHandle.<RuntimeException>sneaky(requireNonNull(e.getCause()));
    }
  }

  /** Runs the function for a call that was told to, and tells what came of it. */
  private void compute(K key, Function<? super K, ? extends V> fn, Token token, Call call) {
    Value value = null;
    Failure failure = null;
    Running.enter(node, key, token);
    long begun = System.nanoTime();
    try {
      value = value(key, fn.apply(key));
    } catch (Throwable e) { // also errors: somebody waits
      failures.increment();
      failure = Failure.of(e, node.id() + " of " + key + " failed on " + node.self());
    } finally {
      runs.increment();
      runNanos.add(System.nanoTime() - begun);
      Running.exit();
    }
    call.computed();
    Value result = value;
    Failure thrown = failure;
    if (result != null) {
      finish(call, new Effect.Returned(result));
      node.feed(core -> core.returned(token, result));
    } else if (thrown != null) {
      finish(call, new Effect.Threw(thrown));
      node.feed(core -> core.failed(token, thrown, true));
    }
  }

  /** A caller that computed after its memo was closed has its own result all the same. */
  private static void finish(Call call, Effect.Outcome own) {
    if (call.outcome() instanceof Effect.Threw threw
        && threw.failure() instanceof Failure failure
        && failure.kind() == Failure.Kind.CLOSED) {
      call.replace(own);
    }
  }

  private Value value(K key, @Nullable V result) {
    Payload payload;
    if (node.isLocal()) {
      payload = Payload.here(result);
    } else {
      try {
        payload = Payload.encoded(result, node.codec());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            node.id() + ": the result for " + key + " can't be stored: " + e.getMessage(), e);
      }
    }
    return new Value(payload, plan.timeToLive, plan.maxIdle);
  }

  private V outcome(Call call) {
    Effect.Outcome outcome = requireNonNull(call.outcome());
    if (outcome instanceof Effect.Returned returned) {
      return cast(((Payload) returned.value().payload()).result(node.codec()));
    }
    Failure failure = (Failure) ((Effect.Threw) outcome).failure();
    throw MemoHandle.<RuntimeException>sneaky(failure.toThrow());
  }

  private V remembered(K key, Envelope entry) {
    hits.increment();
    node.used(key, entry);
    return cast(Payload.unwrap(entry.value(node.codec())));
  }

  // ---- entries

  @Override
  public Optional<V> peek(K key) {
    K asked = open(key);
    requireEncodable(asked);
    Envelope entry = node.anywhere(asked);
    if (entry != null) {
      return Optional.ofNullable(cast(Payload.unwrap(entry.value(node.codec()))));
    }
    return node.onItsWay(asked).map(payload -> cast(payload.result(node.codec())));
  }

  @Override
  public V recompute(K key) {
    invalidate(key);
    return apply(key);
  }

  @Override
  public void seed(K key, V value) {
    K asked = open(key);
    invalidate(key);
    var unused = computed(asked, k -> value);
  }

  @Override
  public void invalidate(K key) {
    K asked = open(key);
    requireEncodable(asked);
    invalidate(asked, "invalidate(" + key + ")");
  }

  @Override
  public void invalidateAll() {
    requireOpen();
    invalidate(null, "invalidateAll()");
    node.sweep();
  }

  private void invalidate(@Nullable Object key, String what) {
    Call.Blocking call = new Call.Blocking();
    node.invalidate(key, call);
    try {
      call.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      if (call.leave()) {
        throw new MemoException(
            node.id() + ": interrupted in " + what + ", which may or may not happen: call it again",
            e);
      }
    }
    if (call.outcome() instanceof Effect.Threw threw) {
      throw MemoHandle.<RuntimeException>sneaky(((Failure) threw.failure()).toThrow());
    }
  }

  @Override
  public <T> T invalidating(K key, Callable<T> write) throws Exception {
    requireNonNull(write, "write");
    requireNonNull(key, "key");
    try {
      return write.call();
    } finally {
      invalidate(key);
    }
  }

  @Override
  public MemoStats stats() {
    MemoCore core = node.core();
    return new MemoStats(
        hits.sum(),
        joins.sum(),
        runs.sum(),
        failures.sum(),
        core.fenced(),
        core.promotions(),
        Duration.ofNanos(runNanos.sum()));
  }

  @Override
  public void close() {
    closed = true;
    node.detach(this);
  }

  @Override
  public String toString() {
    return node.id() + " [" + mode() + "]";
  }

  MemoNode node() {
    return node;
  }

  /** How many calls wait or compute on this member. */
  int waiting() {
    return node.waiting();
  }

  // ---- refusals

  private K open(K key) {
    requireNonNull(key, "key");
    requireOpen();
    return requireNonNull(plan.normaliser.apply(key), "the normalised key");
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException(
          node.id() + " is closed on " + node.self() + ": build it anew");
    }
    Failure failure = node.closed();
    if (failure != null) {
      throw new IllegalStateException(failure.text());
    }
  }

  private void requireSound(K key) {
    String cycle = Running.cycle(node, key);
    if (cycle != null) {
      throw new MemoCycleException(
          cycle + ": a function must not need the result that it computes");
    }
    requireEncodable(key);
  }

  private void requireEncodable(K key) {
    if (node.isLocal()) {
      return;
    }
    try {
      var unused = node.codec().encode(key);
    } catch (IllegalArgumentException e) {
      throw unsendable(key, e);
    }
  }

  private IllegalArgumentException unsendable(K key, IllegalArgumentException e) {
    return new IllegalArgumentException(
        node.id() + ": the key " + key + " can't be sent: " + e.getMessage(), e);
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // V may be a nullable type
  private V cast(@Nullable Object result) {
    return (V) result;
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <E extends Throwable> E sneaky(Throwable thrown) throws E {
    throw (E) thrown;
  }

  /** A call that nobody waits for in person: its work is done by the memo's threads. */
  private static final class Background<K, V> extends Call {
    private final MemoHandle<K, V> memo;
    private final K key;
    final CompletableFuture<V> future = new CompletableFuture<>();

    Background(MemoHandle<K, V> memo, K key) {
      this.memo = memo;
      this.key = key;
      var unused =
          future.whenComplete(
              (value, failure) -> {
                if (future.isCancelled() && leave()) {
                  memo.node.feed(core -> core.leave(this));
                }
              });
    }

    @Override
    void wake() {
      try {
        memo.runners.execute(this::goOn);
      } catch (RejectedExecutionException closing) {
        goOn();
      }
    }

    private void goOn() {
      Token token = take();
      if (token != null) {
        memo.compute(key, memo.plan.fn, token, this);
      }
      if (outcome() != null) {
        try {
          future.complete(memo.outcome(this));
        } catch (Throwable e) {
          future.completeExceptionally(e);
        }
      }
    }
  }
}
