/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;
import org.memogrid.internal.store.Envelope;

/**
 * The public face of a memo on one member: finds what is remembered, and waits for a run where
 * there is nothing good enough. What is good enough is {@link Answers}' to say, runs are {@link
 * Runner}'s.
 */
final class MemoHandle<K, V> implements Memo<K, V> {
  private final MemoNode node;
  private final ExecutorService threads;
  private final Plan<K, V> plan;
  private final Counters counters = new Counters();
  private final Runner<K, V> runner;
  private final Refresher<K> refresher;
  private final Answers<K, V> answers;
  private final Invalidations invalidations;
  private final @Nullable Batcher<K> batcher;
  private volatile boolean closed;

  MemoHandle(MemoNode node, MemoFeature feature, Plan<K, V> plan) {
    this.node = node;
    this.threads = feature.runners();
    this.plan = plan;
    this.runner = new Runner<>(node, plan, threads, counters);
    this.refresher = new Refresher<>(node, counters, this::background);
    this.answers = new Answers<>(node, plan, counters, runner, refresher);
    this.invalidations = new Invalidations(node, feature);
    this.batcher = plan.bulk == null ? null : new Batcher<>(node, runner, plan.batch);
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
    Object value = node.nearValue(asked);
    if (value != null) {
      counters.hits.increment();
      return answers.plain(asked, value, Running.reader());
    }
    Envelope near = node.near(asked);
    if (near != null && answers.isGoodNear(asked, near)) { // its use need not be told
      counters.hits.increment();
      V found = answers.of(asked, near, Running.reader());
      if (answers.isSurelyGood(near)) {
        node.keepValue(asked, near);
      }
      return found;
    }
    Envelope here = here(asked);
    if (here == null) {
      return computed(asked, plan.fn, null);
    }
    return here.fresh() == null
        ? answers.remembered(asked, here, Running.reader())
        : aged(asked, here);
  }

  private @Nullable Envelope here(K key) {
    try {
      return node.here(key);
    } catch (IllegalArgumentException e) {
      throw unsendable(key, e);
    }
  }

  private V aged(K key, Envelope entry) {
    return answers.isGood(key, entry)
        ? answers.remembered(key, entry, Running.reader())
        : computed(key, plan.fn, entry);
  }

  /**
   * Waits for a run, on this thread unless runs are elsewhere.
   *
   * @param found null, or an entry that is too old
   */
  private V computed(K key, Function<? super K, ?> fn, @Nullable Envelope found) {
    requireSound(key);
    Stack.requireRoom();
    return Running.withoutPermit(
        () -> {
          Envelope seen = found;
          while (true) {
            Effect.Outcome came = replaced(key, fn, seen);
            Answers.Answer<V> answer = answers.of(key, came, seen, Running.reader());
            Envelope tooOld = answer.tooOld();
            if (tooOld == null) {
              return answers.cast(answer.value());
            }
            seen = tooOld;
          }
        });
  }

  /** What comes of asking; if there is a stale value, that after the soft timeout. */
  private Effect.Outcome replaced(K key, Function<? super K, ?> fn, @Nullable Envelope seen) {
    if (seen == null || plan.softTimeout == 0) {
      return asked(key, fn, seen);
    }
    Background<K> call = background(key, seen);
    long soft =
        plan.waitTimeout == 0 ? plan.softTimeout : Math.min(plan.softTimeout, plan.waitTimeout);
    try {
      try {
        return call.outcome.get(soft, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (answers.isStill(key, seen)) {
          answers.stale(key); // the run goes on
          return new Effect.Returned(new Value(Payload.made(seen), 0, 0));
        }
        return plan.waitTimeout == 0
            ? call.outcome.get()
            : call.outcome.get(plan.waitTimeout - soft, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      call.abandon();
      throw interrupted(key, e);
    } catch (TimeoutException e) {
      call.abandon();
      return new Effect.Threw(waitedTooLong(key));
    } catch (ExecutionException e) {
      throw new IllegalStateException(e); // it never does
    }
  }

  private Effect.Outcome asked(K key, Function<? super K, ?> fn, @Nullable Envelope seen) {
    Call.Blocking call = new Call.Blocking();
    ask(key, call, Running.tokens(), seen);
    return outcome(
        key,
        call,
        token -> {
          Running outer = Running.current();
          Runner.Run<K> run =
              new Runner.Run<>(key, fn, token, call, outer, List.of(), seen != null);
          runner.expect(run);
          if (batcher != null && plan.batch.lingers()) {
            call.computed();
            batcher.add(run);
          } else {
            runner.start(run, !plan.runsElsewhere());
          }
        });
  }

  /** Waits for it; this thread runs what it is offered. */
  private Effect.Outcome outcome(K key, Call.Blocking call, Consumer<Token> start) {
    while (true) {
      if (!await(call, key)) {
        return new Effect.Threw(waitedTooLong(key));
      }
      Token token = call.take();
      if (token == null) {
        return requireNonNull(call.outcome());
      }
      start.accept(token);
    }
  }

  private void ask(K key, Call call, List<Token> ancestors, @Nullable Envelope seen) {
    if (plan.placement == Placement.OWNER) {
      node.summon(key, ancestors, seen);
    }
    join(key, call, ancestors, seen);
  }

  private void join(K key, Call call, List<Token> ancestors, @Nullable Envelope seen) {
    node.call(this, key, call, ancestors, seen, counters.joins::increment);
  }

  /** Returns whether there is something to do; if not, the call has left. */
  private boolean await(Call.Blocking call, K key) {
    try {
      return call.await(TimeUnit.MILLISECONDS.toNanos(plan.waitTimeout)) || !left(call);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      if (left(call)) {
        throw interrupted(key, e);
      }
      return true;
    }
  }

  private boolean left(Call call) {
    boolean left = call.leave();
    if (left) {
      node.feed(core -> core.leave(call));
    }
    return left;
  }

  private MemoException interrupted(K key, InterruptedException e) {
    return new MemoException(
        node.id() + ": interrupted while waiting for the result for " + key, e);
  }

  private Failure waitedTooLong(K key) {
    String text =
        node.id()
            + ": waited longer than "
            + Duration.ofMillis(plan.waitTimeout)
            + " for the result for "
            + key
            + " on "
            + node.self();
    return new Failure(null, Failure.Kind.TIMEOUT, text);
  }

  // ---- calls without a thread

  @Override
  public CompletableFuture<V> async(K key) {
    Running running = Running.current();
    if (running != null) {
      running.execution().asks();
    }
    return async(key, false, Runnable::run);
  }

  /**
   * @param due begins what has to be asked for, once nothing more can be refused
   */
  private CompletableFuture<V> async(K key, boolean gathered, Consumer<Runnable> due) {
    K asked = open(key);
    noteRead(asked, Set.of()); // though its future may not be waited for
    Envelope here;
    try {
      here = here(asked);
    } catch (MemoException e) {
      return CompletableFuture.failedFuture(e);
    }
    if (here != null && (here.fresh() == null || answers.isGood(asked, here))) {
      return completed(asked, here);
    }
    requireSound(asked);
    Stack.requireRoom();
    Asking asking = new Asking(asked, gathered);
    due.accept(() -> asking.ask(here));
    return asking.future;
  }

  private CompletableFuture<V> completed(K key, Envelope entry) {
    try {
      return CompletableFuture.completedFuture(answers.remembered(key, entry, Running.reader()));
    } catch (Throwable e) { // a failure that is remembered
      return CompletableFuture.failedFuture(e);
    }
  }

  /** A call for this member's own sake. */
  private Background<K> background(K key, @Nullable Envelope seen) {
    Background<K> call = newBackground(key, Running.current(), List.of(), seen, false);
    ask(key, call, Running.tokens(), seen);
    return call;
  }

  /**
   * @param outer what its caller's thread is in
   * @param inherited tokens of runs on another member that wait for it
   */
  private Background<K> newBackground(
      K key,
      @Nullable Running outer,
      List<Token> inherited,
      @Nullable Envelope seen,
      boolean gathered) {
    Batcher<K> gathering = gathered || plan.batch.lingers() ? batcher : null;
    return newBackground(key, outer, inherited, seen, new Starting(gathering));
  }

  Background<K> newBackground(
      K key,
      @Nullable Running outer,
      List<Token> inherited,
      @Nullable Envelope seen,
      Background.Starter<K> starter) {
    return new Background<>(
        node, threads, new Background.Work<>(key, plan.fn, outer, inherited, seen, starter));
  }

  /** Begins runs of calls that nobody waits for in person: by themselves, or with others. */
  final class Starting implements Background.Starter<K> {
    private final @Nullable Batcher<K> gathering;

    Starting(@Nullable Batcher<K> gathering) {
      this.gathering = gathering;
    }

    @Override
    public void expect(Runner.Run<K> run) {
      runner.expect(run);
    }

    @Override
    public void start(Runner.Run<K> run) {
      if (gathering == null) {
        runner.start(run, plan.executor == null);
      } else {
        gathering.add(run);
      }
    }
  }

  /** Another member's call that wants this one to run; in the core's turn. */
  Call summoned(Object key, List<Token> ancestors, @Nullable Envelope seen) {
    return newBackground(castKey(key), null, ancestors, seen, false);
  }

  /** An asynchronous call, until its future is complete: on a thread of the memo's own. */
  private final class Asking {
    private final K key;
    private final boolean gathered;
    private final @Nullable Running outer = Running.current();
    private final List<Token> ancestors = Running.tokens();
    final CompletableFuture<V> future = new Awaited<>();
    private volatile @Nullable Background<K> current;
    private volatile @Nullable Envelope stale;
    private volatile boolean goesOn;

    Asking(K key, boolean gathered) {
      this.key = key;
      this.gathered = gathered;
      var unused = future.whenComplete((value, e) -> leave());
      if (plan.waitTimeout > 0) {
        endsWithin(plan.waitTimeout, () -> settle(new Effect.Threw(waitedTooLong(key)), stale));
      }
    }

    /** Does it after so long, unless the call has ended by then. */
    private void endsWithin(long millis, Runnable end) {
      Future<?> timer = node.after(millis, () -> Runner.elsewhere(threads, end));
      var unused = future.whenComplete((value, e) -> timer.cancel(false)); // it holds the result
    }

    void ask(@Nullable Envelope seen) {
      Background<K> call = newBackground(key, outer, List.of(), seen, gathered);
      stale = seen;
      current = call;
      var unused = call.outcome.thenAccept(outcome -> settle(outcome, seen));
      MemoHandle.this.ask(key, call, ancestors, seen);
      if (future.isDone()) {
        call.abandon();
      } else if (seen != null && plan.softTimeout > 0) {
        endsWithin(plan.softTimeout, () -> makeDo(seen));
      }
    }

    /** The run goes on, for those who come later. */
    private void makeDo(Envelope seen) {
      try {
        if (!future.isDone() && answers.isStill(key, seen)) {
          goesOn = true;
          answers.stale(key);
          future.complete(answers.of(key, seen, outer));
        }
      } catch (Throwable e) {
        future.completeExceptionally(e);
      }
    }

    private void leave() {
      Background<K> call = current;
      if (call != null && !goesOn && !call.outcome.isDone()) {
        call.abandon();
      }
    }

    private void settle(Effect.Outcome outcome, @Nullable Envelope seen) {
      try {
        Answers.Answer<V> answer = answers.of(key, outcome, seen, outer);
        Envelope tooOld = answer.tooOld();
        if (tooOld == null) {
          future.complete(answers.cast(answer.value()));
        } else {
          ask(tooOld);
        }
      } catch (Throwable e) {
        future.completeExceptionally(e);
      }
    }
  }

  @Override
  public Map<K, V> getAll(Collection<? extends K> keys) {
    Map<K, CompletableFuture<V>> asked = new LinkedHashMap<>();
    List<Runnable> due = new ArrayList<>();
    for (K key : keys) {
      if (!asked.containsKey(requireNonNull(key, "a key of keys"))) {
        asked.put(key, async(key, batcher != null, due::add));
      }
    }
    due.forEach(Runnable::run); // no key was refused
    Map<K, V> results = new LinkedHashMap<>();
    try {
      for (Map.Entry<K, CompletableFuture<V>> each : asked.entrySet()) {
        results.put(each.getKey(), each.getValue().get()); // it lends the permit of this run
      }
      return results;
    } catch (ExecutionException e) {
      throw Failure.sneaky(requireNonNull(e.getCause()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      asked.values().forEach(future -> future.cancel(false));
      throw new MemoException(node.id() + ": interrupted while waiting for results of getAll", e);
    }
  }

  // ---- entries

  @Override
  public Optional<V> peek(K key) {
    K asked = open(key);
    requireEncodable(asked);
    noteRead(asked, Set.of());
    Envelope entry = node.anywhere(asked);
    Payload coming = entry == null ? node.onItsWay(asked).orElse(null) : null;
    Object result = null;
    if (coming != null) {
      noteRead(asked, coming.entry().tags());
      result = coming.result(node.codec());
    } else {
      // Again: 1. it was not stored yet; 2. it was; 3. who ran it took it for on its way no more.
      entry = entry == null ? node.anywhere(asked) : entry;
      if (entry != null && answers.isShown(entry)) {
        noteRead(asked, entry.tags());
        result = Payload.result(entry, node.codec());
      }
    }
    return result instanceof Failure ? Optional.empty() : Optional.ofNullable(answers.cast(result));
  }

  @Override
  public V recompute(K key) {
    requireSound(open(key));
    invalidate(key);
    return apply(key);
  }

  @Override
  public void seed(K key, V value) {
    K asked = open(key);
    requireSound(asked);
    runner.requireSound(asked, value);
    invalidate(key);
    Call.Blocking call = new Call.Blocking();
    var unused =
        Running.withoutPermit(
            () -> {
              join(asked, call, Running.tokens(), null);
              return answers.of(
                  asked,
                  outcome(asked, call, t -> seed(asked, value, t, call)),
                  null,
                  Running.reader());
            });
  }

  /** Here and at once: the function has no part in it, nor where and with what others it runs. */
  private void seed(K key, V value, Token token, Call call) {
    Running outer = Running.current();
    Runner.Run<K> run = new Runner.Run<>(key, k -> value, token, call, outer, List.of(), false);
    runner.expect(run);
    runner.start(run, true);
  }

  @Override
  public void invalidate(K key) {
    K asked = open(key);
    requireEncodable(asked);
    invalidations.key(asked, "invalidate(" + key + ")");
  }

  @Override
  public void invalidateAll() {
    requireOpen();
    invalidations.all("invalidateAll()");
  }

  @Override
  public void invalidateTag(String tag) {
    requireNonNull(tag, "tag");
    requireOpen();
    invalidations.tag(tag, "invalidateTag(" + tag + ")");
  }

  @Override
  public void invalidateIf(Predicate<? super K> predicate) {
    requireNonNull(predicate, "predicate");
    requireOpen();
    invalidations.matching(key -> predicate.test(castKey(key)), "invalidateIf(" + predicate + ")");
  }

  @Override
  public <T> T invalidating(K key, Callable<T> write) throws Exception {
    requireNonNull(write, "write");
    requireEncodable(open(key));
    T written;
    try {
      written = write.call();
    } catch (Throwable failure) {
      try {
        invalidate(key);
      } catch (RuntimeException | Error second) {
        failure.addSuppressed(second);
      }
      throw failure;
    }
    invalidate(key);
    return written;
  }

  @Override
  public Set<String> missing() {
    requireOpen();
    return node.store().missing();
  }

  @Override
  public void goOnWithoutMissing() {
    if (!missing().isEmpty()) {
      node.store().goOnWithoutMissing();
      invalidations.all("goOnWithoutMissing()");
    }
  }

  @Override
  public MemoStats stats() {
    return counters.snapshot(node.core());
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

  void stop(Token token) {
    runner.stop(token);
  }

  /** How many calls wait or compute on this member. */
  int waiting() {
    return node.waiting();
  }

  /** Whether this member has a value replaced in the background. */
  boolean isRefreshing() {
    return refresher.isBusy();
  }

  /** That the run which this thread is in reads the key, and gets what has these tags. */
  private void noteRead(K key, Set<String> tags) {
    answers.read(key, tags, Running.reader());
  }

  // ---- refusals

  private K open(K key) {
    requireNonNull(key, "key");
    requireOpen();
    K asked = requireNonNull(plan.normaliser.apply(key), "the normalised key");
    if (plan.persist != null && KeptEpoch.KEY.equals(asked)) {
      throw new IllegalArgumentException(
          node.id() + ": this key is the library's own: give another");
    }
    return asked;
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

  @SuppressWarnings("unchecked") // keys of this memo are its own
  private K castKey(Object key) {
    return (K) key;
  }
}
