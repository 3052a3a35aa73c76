/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;
import org.memogrid.queue.Listen;
import org.memogrid.queue.MessageQueue;
import org.memogrid.queue.Publish;
import org.memogrid.queue.QueueBuilder;
import org.memogrid.queue.WhenFull;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A pipeline as its user sees it. */
final class PipelineHandle<I extends @Nullable Object, O extends @Nullable Object>
    implements Pipeline<I, O> {
  private static final Logger LOG = LoggerFactory.getLogger(PipelineHandle.class);
  private static final Duration DEDUPE = Duration.ofMinutes(1);
  private static final Duration LEAVING = Duration.ofSeconds(3);
  private static final long LOSS_GRACE_MILLIS = 2_000;

  private final PipelineFeature feature;
  private final Cluster cluster;
  private final Node node;
  private final Definition definition;
  private final String prefix = UUID.randomUUID().toString().substring(0, 13) + "-";
  private final AtomicLong lastId = new AtomicLong();
  private final Map<String, MessageQueue<byte[]>> queues = new ConcurrentHashMap<>();
  private final Map<String, StepRunner> runners = new LinkedHashMap<>();
  private final Map<Pending, Boolean> pending = new ConcurrentHashMap<>();
  private final List<Registration> registrations = new CopyOnWriteArrayList<>();
  private final List<ProgressListener> listeners = new CopyOnWriteArrayList<>();
  private @Nullable Parts parts;
  private Runnable fromJmx = () -> {};
  private volatile boolean closed;

  PipelineHandle(PipelineFeature feature, Cluster cluster, Node node, Definition definition) {
    this.feature = feature;
    this.cluster = cluster;
    this.node = node;
    this.definition = definition;
    definition.steps.forEach(step -> runners.put(step.name(), new StepRunner(this, step)));
  }

  // ---- what its steps use

  Definition definition() {
    return definition;
  }

  Results results() {
    return feature.results();
  }

  ExecutorService threads() {
    return feature.threads();
  }

  ScheduledExecutorService scheduler() {
    return node.scheduler();
  }

  long now() {
    return node.clock().millis();
  }

  MessageQueue<byte[]> queue(StepDefinition step) {
    return requireNonNull(queues.get(step.name()), step.name());
  }

  Parts parts() {
    return requireNonNull(parts, "parts");
  }

  byte @Nullable [] encode(@Nullable Object value) {
    return value == null ? null : node.codec().encode(value);
  }

  @Nullable Object decode(byte @Nullable [] value) {
    return value == null ? null : node.codec().decode(value);
  }

  List<Packet.StepCount> counts() {
    return runners.entrySet().stream()
        .map(step -> step.getValue().counter().count(step.getKey()))
        .toList();
  }

  void tell(Progress.Kind kind, StepContext at, long nanos, @Nullable Throwable error) {
    if (!listeners.isEmpty()) {
      tell(
          new Progress(
              kind, at.id(), at.currentStep(), at.attempt(), Duration.ofNanos(nanos), error));
    }
  }

  private void tell(Progress progress) {
    for (ProgressListener listener : listeners) {
      try {
        listener.on(progress);
      } catch (RuntimeException | Error e) {
        LOG.error("listener {} of pipeline '{}' failed on {}", listener, name(), progress, e);
      }
    }
  }

  // ---- the beginning

  /** Opens its queues and, if it works here, begins to take values. */
  void open(boolean works) {
    if (definition.steps.stream().anyMatch(s -> s.kind() == StepDefinition.Kind.JOIN)) {
      Cache<String, byte[]> cache =
          cluster.cache("pipeline-parts", CacheOptions.of(Mode.DISTRIBUTED));
      parts = new Parts(cache, definition.keepParts);
    }
    for (StepDefinition step : definition.steps) {
      QueueBuilder<byte[]> builder =
          MessageQueue.named(definition.queue(step), byte[].class)
              .attempts(definition.attempts)
              .backoff(definition.firstPause, definition.longestPause)
              .dedupeWindow(DEDUPE);
      if (step.capacity() > 0) {
        builder.capacity(step.capacity(), WhenFull.BLOCK);
      }
      MessageQueue<byte[]> queue = builder.open(cluster);
      queues.put(step.name(), queue);
      registrations.add(queue.onLoss(lost -> lost(step, lost)));
    }
    if (works) {
      for (StepDefinition step : definition.steps) {
        StepRunner runner = requireNonNull(runners.get(step.name()));
        int window = Math.max(2 * step.concurrency(), step.awaiting());
        Listen listen = Listen.concurrency(step.concurrency()).adaptive(window);
        registrations.add(queue(step).listenAsync(runner::take, listen));
      }
    }
    fromJmx = PipelineJmx.register(node.membership().self().name(), this);
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException(
          "pipeline '" + name() + "' is closed here: start it again with Pipeline.named(...)");
    }
  }

  @Override
  public String name() {
    return definition.name;
  }

  @Override
  public List<String> steps() {
    return definition.names();
  }

  // ---- submitting

  @Override
  public Submission<O> submit(I value) {
    return submit(value, Submit.plain());
  }

  @Override
  public Submission<O> submit(I value, Submit options) {
    requireNonNull(options, "options");
    checkOpen();
    StepDefinition entry = entry(options.step());
    byte[] bytes;
    try {
      bytes = encode(value);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(
          definition.at(entry.name()) + ": the value can't be submitted: " + e.getMessage(), e);
    }
    String own = options.id();
    String id = own == null ? prefix + Long.toString(lastId.incrementAndGet(), 36) : own;
    Duration limit = options.deadlineOr(definition.deadline);
    long deadline = limit == null ? 0 : now() + Checks.millis(limit);
    long keep = definition.keepResults.isZero() ? 0 : Checks.millis(definition.keepResults);
    Envelope envelope =
        new Envelope(id, node.membership().self().id(), deadline, keep, 0, 0, List.of(), bytes);
    Outcome late = limit == null ? null : Passage.late(definition, StepContext.END, 0);
    Publish publish = Publish.normal().orFail();
    if (own == null) {
      Pending waiting = new Pending(id, its -> {});
      begin(waiting);
      results().expect(key(id), deadline, keep, late, waiting);
      publish(entry, envelope, publish, waiting);
      return waiting.future;
    }
    Publish once = publish.dedupeId(own + "/0");
    Pending waiting = new Pending(id, its -> publish(entry, envelope, once, its));
    begin(waiting);
    if (limit != null && late != null) {
      // Others may wait for it longer: its end is theirs as well.
      waiting.endIn(limit, () -> new TimeoutException(late.why()));
    }
    results().join(key(id), waiting);
    return waiting.future;
  }

  private void begin(Pending waiting) {
    pending.put(waiting, true);
    tell(Progress.Kind.SUBMITTED, waiting, null);
  }

  private StepDefinition entry(@Nullable String name) {
    if (name == null) {
      return definition.steps.get(0);
    }
    StepDefinition step = definition.step(name);
    if (step == null) {
      throw new IllegalArgumentException("there is no step '" + name + "': " + definition.has());
    }
    if (step.depthBefore() > 0) {
      throw new IllegalArgumentException(
          definition.at(name) + " is in a fan-out: enter at a step outside of it");
    }
    return step;
  }

  private void publish(StepDefinition entry, Envelope envelope, Publish options, Pending waiting) {
    try {
      var unused =
          queue(entry)
              .publishAsync(envelope.encode(), options)
              .whenComplete(
                  (held, failure) -> {
                    if (failure != null) {
                      refuse(waiting, failure);
                    }
                  });
    } catch (RuntimeException | Error e) {
      refuse(waiting, e);
      throw e;
    }
  }

  private void refuse(Pending waiting, Throwable failure) {
    results().forget(key(waiting.id), waiting);
    waiting.end(null, failure);
  }

  private String key(String id) {
    return Definition.key(definition.name, id);
  }

  private void tell(Progress.Kind kind, Pending waiting, @Nullable Throwable error) {
    if (!listeners.isEmpty() && waiting.isSubmitter()) {
      Duration took = Duration.ofNanos(System.nanoTime() - waiting.began);
      tell(new Progress(kind, waiting.id, StepContext.END, 0, took, error));
    }
  }

  /**
   * Somebody here who waits for a result.
   *
   * <p>What depends on the future runs where it ends, and may wait for the next one's end. So an
   * end on which something depends has a thread of its own: many ends come together on one.
   */
  private final class Pending implements Results.Ticket {
    final String id;
    final Submission<O> future;
    final long began = System.nanoTime();
    private final @Nullable Consumer<Pending> submit;
    private volatile @Nullable ScheduledFuture<?> timer;

    /**
     * @param submit what to do if nobody knows of an end; null if it was not submitted here
     */
    Pending(String id, @Nullable Consumer<Pending> submit) {
      this.id = id;
      this.submit = submit;
      this.future = new Submission<>(id, this::cancelled);
    }

    boolean isSubmitter() {
      return submit != null;
    }

    void endIn(Duration limit, Supplier<Throwable> why) {
      timer =
          node.scheduler()
              .schedule(
                  () -> threads().execute(() -> refuse(this, why.get())),
                  Checks.millis(limit),
                  TimeUnit.MILLISECONDS);
    }

    private boolean leave() {
      ScheduledFuture<?> its = timer;
      if (its != null) {
        its.cancel(false);
      }
      return pending.remove(this) != null;
    }

    private void cancelled() {
      if (leave()) {
        results().forget(key(id), this);
      }
    }

    @Override
    public void unknown() {
      Consumer<Pending> its = submit;
      if (its != null && !future.isDone()) {
        try {
          its.accept(this);
        } catch (RuntimeException | Error refused) {
          LOG.debug("value {} of pipeline '{}' was refused", id, name(), refused);
        }
      }
    }

    @Override
    public void ended(Outcome outcome) {
      if (outcome.kind() != Outcome.Kind.VALUE) {
        end(null, failure(outcome));
        return;
      }
      Object value;
      try {
        value = decode(outcome.value());
      } catch (RuntimeException | Error e) {
        end(
            null,
            new PipelineException(
                "pipeline '"
                    + name()
                    + "': the result of value "
                    + id
                    + " can't be decoded here: "
                    + e.getMessage(),
                e));
        return;
      }
      end(value, null);
    }

    @Override
    public void abandoned(String why) {
      end(null, new CancellationException(why));
    }

    /** Ends the waiting, once. */
    void end(@Nullable Object value, @Nullable Throwable failure) {
      if (!leave()) {
        return;
      }
      if (future.getNumberOfDependents() > 0) {
        try {
          threads().execute(() -> complete(value, failure));
          return;
        } catch (RejectedExecutionException leaving) {
          LOG.debug("value {} ends on the thread that closes the cluster", id, leaving);
        }
      }
      complete(value, failure);
    }

    @SuppressWarnings({
      "unchecked",
      "NullAway"
    }) // null is a value; the type is the builder's affair
    private void complete(@Nullable Object value, @Nullable Throwable failure) {
      tell(Progress.Kind.ENDED, this, failure);
      if (failure == null) {
        future.complete((O) value);
      } else {
        future.completeExceptionally(failure);
      }
    }
  }

  private static Throwable failure(Outcome outcome) {
    Fault fault = outcome.fault();
    Throwable cause = fault == null ? null : fault.toThrow();
    return switch (outcome.kind()) {
      case FAILED, DEAD, VALUE ->
          new StepFailedException(outcome.why(), outcome.step(), outcome.attempts(), cause);
      case STEP_LATE ->
          new StepTimeoutException(outcome.why(), outcome.step(), outcome.attempts(), cause);
      case HALTED -> new PipelineHaltedException(outcome.why(), outcome.step());
      case LATE -> new TimeoutException(outcome.why());
    };
  }

  /** Values may be gone: nobody would ever answer those who wait for them. */
  private void lost(StepDefinition step, String what) {
    List<Pending> doubtful = List.copyOf(pending.keySet());
    var unused =
        node.scheduler()
            .schedule(
                () ->
                    threads()
                        .execute(
                            () ->
                                doubtful.forEach(
                                    waiting -> {
                                      if (!waiting.future.isDone()) {
                                        refuse(waiting, gone(step, what, waiting.id));
                                      }
                                    })),
                LOSS_GRACE_MILLIS,
                TimeUnit.MILLISECONDS);
  }

  private PipelineException gone(StepDefinition step, String what, String id) {
    return new PipelineException(
        definition.at(step.name())
            + ": value "
            + id
            + " may be gone, since members were lost with all that they held ("
            + what
            + "); result(id) finds it if it was not, else submit it again",
        null);
  }

  // ---- results

  @Override
  public CompletableFuture<O> result(String id) {
    Duration kept = definition.keepResults;
    return result(id, kept.isZero() ? Duration.ofSeconds(30) : kept);
  }

  @Override
  public CompletableFuture<O> result(String id, Duration timeout) {
    requireNonNull(id, "id");
    var unused = Checks.positive("the timeout of a result", timeout);
    checkOpen();
    Pending waiting = new Pending(id, null);
    pending.put(waiting, true);
    waiting.endIn(timeout, () -> unknown(id, timeout));
    results().find(key(id), waiting);
    return waiting.future;
  }

  private TimeoutException unknown(String id, Duration timeout) {
    return new TimeoutException(
        "pipeline '"
            + name()
            + "' has no result of value "
            + id
            + " after "
            + timeout
            + ": it is still under way, was never submitted, or ended longer ago than results"
            + " are kept ("
            + definition.keepResults
            + ")");
  }

  // ---- looking at it, and steering

  @Override
  public DeadSteps deadLetters() {
    checkOpen();
    return new Graveyard(
        definition,
        queues,
        this::decode,
        ids -> feature.revive(ids.stream().map(this::key).toList()),
        this::now);
  }

  @Override
  public void pause() {
    checkOpen();
    definition.steps.forEach(step -> queue(step).pause());
  }

  @Override
  public void resume() {
    checkOpen();
    definition.steps.forEach(step -> queue(step).resume());
  }

  @Override
  public List<StepStats> stats() {
    checkOpen();
    return Statistics.of(feature, this);
  }

  @Override
  public int underWay() {
    return (int) pending.keySet().stream().filter(Pending::isSubmitter).count();
  }

  @Override
  public String describe() {
    checkOpen();
    return Picture.of(definition, feature.others().size() + 1, stats(), underWay());
  }

  @Override
  public Registration onProgress(ProgressListener listener) {
    requireNonNull(listener, "listener");
    checkOpen();
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  // ---- the end

  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    fromJmx.run();
    registrations.forEach(Registration::close);
    feature.ended(this);
    String why =
        "pipeline '"
            + name()
            + "' was closed on "
            + node.membership().self()
            + ": the work goes on, and result(id) tells its end on any node that has it";
    for (Pending waiting : List.copyOf(pending.keySet())) {
      results().forget(key(waiting.id), waiting);
      waiting.abandoned(why);
    }
    awaitWork();
    queues.values().forEach(MessageQueue::close);
  }

  /** A step that is at work can still hand on what it makes. */
  private void awaitWork() {
    long until = System.nanoTime() + LEAVING.toNanos();
    while (runners.values().stream().anyMatch(StepRunner::isAtWork)
        && System.nanoTime() - until < 0
        && !Thread.currentThread().isInterrupted()) {
      LockSupport.parkNanos(5_000_000);
    }
  }

  @Override
  public String toString() {
    return "Pipeline[" + name() + ": " + definition.steps() + (closed ? ", closed]" : "]");
  }
}
