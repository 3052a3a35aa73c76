/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.internal.node.Feature;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.node.Outcomes;
import org.memogrid.internal.wire.Wire;
import org.memogrid.internal.wire.WireException;
import org.memogrid.queue.QueueFeature;

/**
 * Pipelines on a member: it may decide and keep results of pipelines that it does not have. Public
 * only for {@link java.util.ServiceLoader}; not for users.
 */
public final class PipelineFeature implements Feature {
  static final String SERVICE = "pipeline";
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  private final Map<String, PipelineHandle<?, ?>> pipelines = new ConcurrentHashMap<>();
  private final PacketFormat format = new PacketFormat();
  private @Nullable Node node;
  private @Nullable ExecutorService threads;
  private @Nullable Outcomes outcomes;
  private @Nullable Results results;
  private final Losses losses = new Losses();
  private @Nullable Registration service;
  private @Nullable Registration membership;
  private @Nullable Registration missing;
  private @Nullable Registration burials;
  private volatile boolean stopped;

  /** For the service loader. */
  public PipelineFeature() {}

  @Override
  public Layer layer() {
    return Layer.TASKS;
  }

  @Override
  public void start(Node member) {
    node = member;
    AtomicInteger count = new AtomicInteger();
    String name = member.membership().self().name();
    ExecutorService own =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread =
                  new Thread(task, "memogrid-" + name + "-pipeline-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    threads = own;
    Outcomes after = new Outcomes(own, member.scheduler());
    outcomes = after;
    Results begun = new Results(member, own, after);
    results = begun;
    membership = member.onView(this::install);
    install();
    missing = member.wire().onMissing(SERVICE, begun::lacking);
    service = member.wire().serve(SERVICE, format, this::onMessage);
    burials = member.feature(QueueFeature.class).onBuried(Definition.QUEUES, this::buried);
  }

  private void install() {
    started(results).install();
    Node own = started(node);
    String lost;
    synchronized (losses) {
      lost = losses.install(own.membership().members(), own.clock().millis());
    }
    if (lost != null) {
      pipelines.values().forEach(pipeline -> pipeline.lost(lost));
    }
  }

  private void onMessage(Wire.Incoming<Packet> incoming) {
    Packet packet = incoming.message();
    if (packet instanceof Packet.Results its) {
      started(results).received(incoming.from(), incoming.viewId(), its.mail());
    } else if (packet instanceof Packet.Hello hello) {
      PipelineHandle<?, ?> own = pipelines.get(hello.pipeline());
      incoming.reply(new Packet.Defined(own == null ? null : own.definition().signature()));
    } else if (packet instanceof Packet.Count count) {
      PipelineHandle<?, ?> own = pipelines.get(count.pipeline());
      incoming.reply(new Packet.Counts(own == null ? List.of() : own.counts()));
    } else if (packet instanceof Packet.Revive revive) {
      started(results).revive(revive.deaths(), () -> incoming.reply(new Packet.Revived()));
    }
  }

  /** A message that no step gets any more: its value has an end, if it has none yet. */
  private void buried(String queue, Object body, int attempts, String cause, long diedAt) {
    if (cause.contains(Passage.GIVEN_UP)) {
      return; // the step has told before it gave it up, and somebody may have put it back since
    }
    Envelope envelope = Envelope.decode((byte[]) body);
    String pipeline = Definition.pipelineOf(queue);
    String step = Definition.stepOf(queue);
    String why =
        "pipeline '"
            + pipeline
            + "', step '"
            + step
            + "' failed on value "
            + envelope.id()
            + ": "
            + cause
            + "; Pipeline.deadLetters() shows it, if it was not purged";
    Outcome outcome =
        new Outcome(
            Outcome.Kind.DEAD, null, step, attempts + envelope.before().attempts(), why, null);
    Death death = new Death(Definition.key(pipeline, envelope.id()), step, diedAt);
    started(results).buried(death, envelope.origin(), envelope.chosen(), envelope.keep(), outcome);
  }

  <I extends @Nullable Object, O extends @Nullable Object> Pipeline<I, O> start(
      Cluster cluster, Definition definition, boolean works) {
    PipelineHandle<I, O> handle = new PipelineHandle<>(this, cluster, started(node), definition);
    if (stopped) {
      throw new IllegalStateException(
          "pipeline '" + definition.name + "': the cluster is closed here; join again");
    }
    if (pipelines.putIfAbsent(definition.name, handle) != null) {
      throw new IllegalStateException(
          "pipeline '"
              + definition.name
              + "' is started here already: close it first, or give another name");
    }
    try {
      checkOthers(definition);
      handle.open(works);
      return handle;
    } catch (RuntimeException | Error e) {
      handle.close();
      throw e;
    }
  }

  private void checkOthers(Definition definition) {
    String own = definition.signature();
    for (Member member : others()) {
      String other = null;
      try {
        Packet reply = ask(member, new Packet.Hello(definition.name), DEADLINE);
        other = reply instanceof Packet.Defined defined ? defined.signature() : null;
      } catch (WireException gone) {
        // It has no pipelines, or is gone.
      }
      if (other != null && !other.equals(own)) {
        throw new IllegalStateException(
            "pipeline '"
                + definition.name
                + "' has other steps or limits on member "
                + member
                + ": here "
                + own
                + ", there "
                + other
                + "; give the same on all members, or another name");
      }
    }
  }

  /**
   * Has all members forget that these values are dead letters, and waits until they have: who asks
   * for a result after that hears of a new one.
   */
  void revive(List<Death> deaths) {
    List<CompletableFuture<?>> all = new ArrayList<>();
    CompletableFuture<Void> here = new CompletableFuture<>();
    started(results).revive(deaths, () -> here.complete(null));
    all.add(here);
    for (Member member : others()) {
      Packet question = new Packet.Revive(deaths);
      all.add(request(member, question, DEADLINE).handle((reply, gone) -> null));
    }
    CompletableFuture.allOf(all.toArray(new CompletableFuture<?>[0])).join();
  }

  List<Member> others() {
    Member self = started(node).membership().self();
    return started(node).membership().members().stream().filter(m -> !m.equals(self)).toList();
  }

  CompletableFuture<Packet> request(Member member, Packet question, Duration deadline) {
    return started(node).wire().request(member, SERVICE, format, question, deadline);
  }

  /** Asks a member and waits. */
  private Packet ask(Member member, Packet question, Duration deadline) {
    try {
      return request(member, question, deadline).join();
    } catch (java.util.concurrent.CompletionException e) {
      if (e.getCause() instanceof WireException failure) {
        throw failure;
      }
      throw e;
    }
  }

  void ended(PipelineHandle<?, ?> handle) {
    pipelines.remove(handle.name(), handle);
  }

  Results results() {
    return started(results);
  }

  Outcomes outcomes() {
    return started(outcomes);
  }

  ExecutorService threads() {
    return started(threads);
  }

  @Override
  public void stop() {
    stopped = true;
    closeAll();
    Results own = results;
    if (own != null) {
      own.stop(
          "pipelines: the cluster was closed on "
              + started(node).membership().self()
              + "; join again");
    }
    close(service);
    close(membership);
    close(missing);
    close(burials);
    ExecutorService pool = threads;
    if (pool != null) {
      pool.shutdown();
    }
  }

  /** Together: each waits some seconds for its steps. */
  private void closeAll() {
    CompletableFuture<?>[] closing =
        pipelines.values().stream()
            .map(pipeline -> CompletableFuture.runAsync(pipeline::close, threads()))
            .toArray(CompletableFuture<?>[]::new);
    CompletableFuture.allOf(closing).join();
  }

  private static void close(@Nullable Registration registration) {
    if (registration != null) {
      registration.close();
    }
  }

  private static <T> T started(@Nullable T what) {
    if (what == null) {
      throw new IllegalStateException("pipelines are used before the member has started them");
    }
    return what;
  }
}
