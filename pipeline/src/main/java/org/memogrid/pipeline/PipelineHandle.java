/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;
import org.memogrid.queue.MessageQueue;
import org.memogrid.queue.Publish;
import org.memogrid.queue.QueueBuilder;
import org.memogrid.queue.WhenFull;

/** A pipeline as its user sees it. */
final class PipelineHandle<I extends @Nullable Object, O extends @Nullable Object>
    implements Pipeline<I, O> {
  private static final Duration LEAVING = Duration.ofSeconds(3);

  private final PipelineFeature feature;
  private final Cluster cluster;
  private final Node node;
  private final Definition definition;
  private final String prefix = UUID.randomUUID().toString().substring(0, 13) + "-";
  private final AtomicLong lastId = new AtomicLong();
  private final Map<String, MessageQueue<byte[]>> queues = new ConcurrentHashMap<>();
  private final Map<String, StepRunner> runners = new LinkedHashMap<>();
  private final Hearing hearing;
  private final Callers<O> callers;
  private final List<Registration> registrations = new CopyOnWriteArrayList<>();
  private @Nullable Parts parts;
  private Runnable fromJmx = () -> {};
  private volatile boolean closed;

  PipelineHandle(PipelineFeature feature, Cluster cluster, Node node, Definition definition) {
    this.feature = feature;
    this.cluster = cluster;
    this.node = node;
    this.definition = definition;
    this.hearing = new Hearing(definition.name);
    this.callers =
        new Callers<>(
            definition,
            feature.results(),
            feature.outcomes(),
            node.scheduler(),
            this::decode,
            hearing);
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

  StepRunner runner(StepDefinition step) {
    return requireNonNull(runners.get(step.name()), step.name());
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
    return runners.values().stream().map(StepRunner::count).toList();
  }

  boolean isClosed() {
    return closed;
  }

  Hearing hearing() {
    return hearing;
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
              .dedupeWindow(Definition.DEDUPE);
      if (step.capacity() > 0) {
        builder.capacity(step.capacity(), WhenFull.BLOCK);
      }
      MessageQueue<byte[]> queue = builder.open(cluster);
      queues.put(step.name(), queue);
      registrations.add(queue.onLoss(lost -> callers.lost(step, lost)));
    }
    if (works) {
      for (StepDefinition step : definition.steps) {
        registrations.add(runner(step).listen(queue(step)));
      }
    }
    fromJmx = PipelineJmx.register(node.membership().self().name(), this);
  }

  private void checkOpen() {
    if (closed) {
      throw callers.closed();
    }
  }

  /** Members were lost that may have held parts of fan-outs, two of them at once. */
  void lost(String members) {
    for (StepDefinition step : definition.steps) {
      if (step.kind() == StepDefinition.Kind.JOIN) {
        callers.lost(step, "parts of fan-outs on " + members);
        return;
      }
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
    String origin = node.membership().self().id();
    Envelope envelope =
        new Envelope(
            id, origin, own != null, deadline, keep, 0, 0, List.of(), Envelope.Before.NONE, bytes);
    Outcome late = limit == null ? null : Passage.late(definition, StepContext.END, 0);
    Publish publish = Publish.normal().orFail();
    if (own == null) {
      Callers<O>.Pending waiting = callers.begin(id, its -> {});
      waiting.expect(deadline, keep, late);
      publish(entry, envelope, publish, waiting);
      return waiting.future;
    }
    Publish once = publish.dedupeId(own + "/0");
    Callers<O>.Pending waiting = callers.begin(id, its -> publish(entry, envelope, once, its));
    if (limit != null && late != null) {
      // Others may wait for it longer: its end is theirs as well.
      waiting.endIn(limit, () -> new TimeoutException(late.why()));
    }
    waiting.join();
    return waiting.future;
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

  private void publish(
      StepDefinition entry, Envelope envelope, Publish options, Callers<O>.Pending waiting) {
    try {
      var unused =
          queue(entry)
              .publishAsync(envelope.encode(), options)
              .whenComplete(
                  (held, failure) -> {
                    if (failure != null) {
                      waiting.refuse(failure);
                    }
                  });
    } catch (RuntimeException | Error e) {
      waiting.refuse(e);
      throw e;
    }
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
    Callers<O>.Pending waiting = callers.begin(id, null);
    waiting.endIn(timeout, () -> unknown(id, timeout));
    waiting.find();
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
    return new Graveyard(definition, queues, this::decode, feature::revive, this::now);
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
    return callers.underWay();
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
    return hearing.add(listener);
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
    callers.close(
        "pipeline '"
            + name()
            + "' was closed on "
            + node.membership().self()
            + ": the work goes on, and result(id) tells its end on any node that has it");
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
