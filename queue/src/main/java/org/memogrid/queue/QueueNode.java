/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Persist;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.node.Outcomes;
import org.memogrid.internal.node.Turns;
import org.memogrid.internal.store.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One queue on one member, used here or not: the shell around a {@link QueueCore}.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>The core handles one event at a time, in {@link Turns}.
 *   <li>The user's code never runs in a turn, nor what hangs on a future.
 *   <li>What a message changes is sent at the end of the turn, with what others changed in it.
 * </ul>
 */
final class QueueNode {
  private static final Logger LOG = LoggerFactory.getLogger(QueueNode.class);

  private final String name;
  private final Node node;
  private final Executor threads;
  private final Consumer<Effect.Buried> undertaker;
  private final PacketFormat format = new PacketFormat();
  private final AtomicLong installed = new AtomicLong(-1);
  private final AtomicLong lastSubscription = new AtomicLong();
  private final Map<Long, Listener> listeners = new ConcurrentHashMap<>();
  private final Requests requests = new Requests();
  private final LossListeners lossListeners;
  private final Turns turns;
  private volatile @Nullable String closed;
  private volatile boolean leaving;
  private volatile @Nullable Settings options;
  private final Handles handles;
  private final SpoolStore spool;

  // Used by whoever has the turn.
  private final QueueCore core;
  private final Queue<Packet> toSelf = new ArrayDeque<>();
  private final List<CompletableFuture<Packet.Reply>> asked = new ArrayList<>();
  private final Set<Member> told = new HashSet<>();
  private final Alarm alarm;

  /** Takes messages for one subscription. Must not block. */
  interface Listener {
    void take(Packet.Delivery delivery);

    /** No message comes any more, since the member leaves. What was not begun goes back. */
    void leave(String why);
  }

  QueueNode(String name, Node node, Executor threads, Consumer<Effect.Buried> undertaker) {
    this.name = name;
    this.undertaker = undertaker;
    this.node = node;
    this.threads = threads;
    this.turns =
        new Turns(
            "queue '" + name + "'",
            threads,
            new Outcomes(threads, node.scheduler()),
            this::endRound);
    this.handles = new Handles(this);
    this.spool = new SpoolStore(name, node, threads, this::feedCore);
    this.lossListeners = new LossListeners(name);
    this.alarm = new Alarm(node.scheduler(), this::rang);
    Member self = node.membership().self();
    this.core =
        new QueueCore(
            name, self, Rules.all(), node.clock()::millis, QueueCore.CHUNK_BYTES, this::perform);
  }

  String name() {
    return name;
  }

  Handles handles() {
    return handles;
  }

  Codec codec() {
    return node.codec();
  }

  Member self() {
    return node.membership().self();
  }

  Executor threads() {
    return threads;
  }

  long now() {
    return node.clock().millis();
  }

  // ---- turns

  private void feed(Runnable event) {
    turns.feed(event);
  }

  private void feedCore(Consumer<QueueCore> event) {
    feed(() -> event.accept(core));
  }

  private void endRound() {
    do {
      for (Packet own = toSelf.poll(); own != null; own = toSelf.poll()) {
        Packet packet = own;
        turns.run(() -> core.received(self(), packet));
      }
      turns.run(core::flush);
    } while (!toSelf.isEmpty());
    wake();
  }

  private void wake() {
    long next = core.nextWake();
    if (next != Long.MAX_VALUE && closed == null && !alarm.ringIn(Math.max(1, next - now()))) {
      LOG.debug("queue '{}' is not woken any more", name);
    }
  }

  private void rang() {
    feed(
        () -> {
          alarm.rang();
          core.tick();
        });
  }

  /** Runs the user's code after the turn. Called in a turn. */
  void later(Runnable task) {
    turns.later(task);
  }

  // ---- events

  /**
   * Takes a newer view; the one it has already costs no turn, since each message asks. It is noted
   * behind its event: what comes from somebody who finds the note is behind the event as well.
   */
  void install(Membership now) {
    if (now.id() > installed.get()) {
      feed(() -> core.install(now.id(), now.members()));
      var unused = installed.accumulateAndGet(now.id(), Math::max);
    }
  }

  /** A member runs without queues: who waits for it is told, rather than wait for ever. */
  void lacking(Member member) {
    feed(
        () -> {
          core.lacking(member);
          String why = whyInVain();
          if (why != null) {
            if (told.add(member)) {
              LOG.warn("{}; what is published here waits until then", why);
            }
            List<CompletableFuture<Packet.Reply>> waiting = List.copyOf(asked);
            asked.clear();
            waiting.forEach(answer -> refuse(answer, why));
          }
        });
  }

  private @Nullable String whyInVain() {
    Member member = core.waitsInVainFor();
    return member == null
        ? null
        : "queue '"
            + name
            + "' can't be dispatched: "
            + member
            + " has no queues; start all members with memogrid-queue, or close that one";
  }

  /** In a turn. */
  private void refuse(CompletableFuture<Packet.Reply> answer, String why) {
    later(() -> answer.completeExceptionally(new IllegalStateException(why)));
  }

  void received(Member from, Packet packet) {
    if (packet instanceof Packet.Response response) {
      turns.outside(() -> requests.complete(response));
    } else {
      feed(() -> core.received(from, packet));
    }
  }

  /**
   * Opens what the queue is kept in, on all members, and has the queue's home know. Blocks.
   *
   * @return as what it was known here before, for {@link #notOpened}
   * @throws RuntimeException as {@code Cluster.cache} does
   */
  @Nullable Settings openDurably(Settings settings, Persist place) {
    Settings before = known();
    Store unused = spool.open(place);
    durable(settings);
    return before;
  }

  /** It was not opened so after all. */
  void notOpened(@Nullable Settings before) {
    durable(before);
  }

  private void durable(@Nullable Settings settings) {
    feed(() -> core.durable(settings));
  }

  /** What the queue is, if it is known here to be durable. */
  @Nullable Settings known() {
    CompletableFuture<Optional<Settings>> known = new CompletableFuture<>();
    feed(() -> known.complete(Optional.ofNullable(core.durable())));
    return Waits.await(known, name).orElse(null);
  }

  /** The names of members that it waits for, as far as it is known here to be durable. Blocks. */
  Set<String> missing() {
    Settings known = known();
    Persist place = known == null ? null : known.persist();
    return place == null ? Set.of() : spool.open(place).missing();
  }

  /** Waits no longer for those that are {@link #missing()}. */
  void goOnWithoutMissing() {
    Settings known = known();
    Persist place = known == null ? null : known.persist();
    if (place != null) {
      spool.open(place).goOnWithoutMissing();
    }
  }

  /** What the queue was opened with, so that it can be told to a home that lost it. */
  void opened(Settings settings) {
    options = settings;
  }

  /** Completes when the message is held by as many members as it should be. */
  void publish(Traits traits, byte[] body, Ticket ticket) {
    feed(
        () -> {
          String why = closed;
          if (why != null) {
            ticket.ended(new IllegalStateException(why));
          } else {
            core.publish(traits, body, ticket);
          }
        });
  }

  /** What a publisher waits for. Called in a turn: it must not run anything else. */
  interface Ticket {
    void ended(@Nullable RuntimeException failure);
  }

  CompletableFuture<Packet.Reply> ask(Packet.Question question) {
    CompletableFuture<Packet.Reply> answer = new CompletableFuture<>();
    feed(
        () -> {
          String why = closed != null ? closed : whyInVain();
          if (why != null) {
            refuse(answer, why);
          } else {
            core.ask(question, answer);
            asked.add(answer);
          }
        });
    return answer;
  }

  /** Begins a subscription; {@link #unsubscribe} ends it. */
  long subscribe(int window, @Nullable Selector selector, Listener listener) {
    long id = lastSubscription.incrementAndGet();
    listeners.put(id, listener);
    feed(
        () -> {
          if (leaving) {
            String why = whyClosed();
            later(() -> listener.leave(why));
          } else {
            core.subscribe(new Packet.Subscription(id, window, selector));
          }
        });
    return id;
  }

  /** Gives a subscription another window, unless it has ended. */
  void resize(long subscription, int window, @Nullable Selector selector) {
    feed(
        () -> {
          if (listeners.containsKey(subscription)) {
            core.subscribe(new Packet.Subscription(subscription, window, selector));
          }
        });
  }

  void unsubscribe(long subscription) {
    feed(
        () -> {
          core.unsubscribe(subscription);
          listeners.remove(subscription);
        });
  }

  void settle(Tag tag, Packet.Verdict verdict, String error, long delay) {
    feed(() -> core.settle(tag, verdict, error, delay));
  }

  /** Completes with the response to a message that carries the correlation id. */
  CompletableFuture<Packet.Response> request(String correlationId) {
    return requests.begin(correlationId);
  }

  /** Sends a response; to a member that is gone it does nothing. */
  void respond(String to, Packet.Response response) {
    for (Member member : node.membership().members()) {
      if (member.id().equals(to)) {
        node.wire().send(member, QueueFeature.SERVICE, format, new Addressed(name, response));
      }
    }
  }

  Registration onLoss(Consumer<String> listener) {
    return lossListeners.add(listener);
  }

  // ---- effects

  private void perform(Effect effect) {
    if (effect instanceof Effect.Send send) {
      send(send);
    } else if (effect instanceof Effect.Begin begin) {
      Listener listener = listeners.get(begin.delivery().subscription());
      if (listener == null) {
        core.settle(begin.delivery().tag(), Packet.Verdict.RELEASED, "", 0);
      } else {
        listener.take(begin.delivery());
      }
    } else if (effect instanceof Effect.Published published) {
      ((Ticket) published.ticket()).ended(published.exception());
    } else if (effect instanceof Effect.Answered answered) {
      answered(answered);
    } else if (effect instanceof Effect.Lost lost) {
      LOG.error("{}", lost.what());
      later(() -> lossListeners.tell(lost.what()));
      Settings own = options;
      if (own != null) {
        core.ask(new Packet.Open(own), new CompletableFuture<>()); // they may be gone as well
      }
    } else if (effect instanceof Effect.Keep keep) {
      spool.keep(keep);
    } else if (effect instanceof Effect.Drop drop) {
      spool.drop(drop);
    } else if (effect instanceof Effect.Look look) {
      spool.look(look);
    } else if (effect instanceof Effect.Load load) {
      spool.load(load);
    } else if (effect instanceof Effect.Sweep sweep) {
      spool.sweep(sweep);
    } else if (effect instanceof Effect.Buried buried) {
      later(() -> undertaker.accept(buried));
    } else if (effect instanceof Effect.Reigning reigning) {
      LOG.debug(
          "{} {} queue '{}' as {}",
          self(),
          reigning.begins() ? "dispatches" : "does not dispatch",
          name,
          reigning.epoch());
    }
  }

  private void send(Effect.Send send) {
    if (send.packet() instanceof Packet.Response && send.to().equals(self())) {
      received(self(), send.packet());
    } else if (send.to().equals(self())) {
      toSelf.add(send.packet());
    } else {
      node.wire().send(send.to(), QueueFeature.SERVICE, format, new Addressed(name, send.packet()));
    }
  }

  @SuppressWarnings("unchecked") // tickets of questions are these futures
  private void answered(Effect.Answered answered) {
    CompletableFuture<Packet.Reply> answer = (CompletableFuture<Packet.Reply>) answered.ticket();
    asked.removeIf(other -> other == answer);
    if (answered.reply() instanceof Packet.Failed failed) {
      later(() -> answer.completeExceptionally(new QueueException(failed.why())));
    } else {
      later(() -> answer.complete(answered.reply()));
    }
  }

  // ---- the end

  /**
   * Begins to hand over what is here, before the member goes.
   *
   * @return completes when that is done, or not much later
   */
  CompletableFuture<Void> leave() {
    String why = whyClosed();
    leaving = true;
    listeners.forEach(
        (id, listener) -> {
          listener.leave(why);
          unsubscribe(id);
        });
    feed(core::leave);
    return new Leaving(name, core, turns, node.scheduler()).begin();
  }

  private String whyClosed() {
    return "queue '" + name + "': the cluster was closed on " + self() + "; join again";
  }

  /** Releases all that wait here. */
  void stop() {
    handles.allClosed();
    String why = whyClosed();
    feed(
        () -> {
          if (closed != null) {
            return;
          }
          closed = why;
          leaving = true;
          alarm.rang();
          core.shutDown(why);
          List<CompletableFuture<Packet.Reply>> waiting = List.copyOf(asked);
          asked.clear();
          later(
              () -> {
                IllegalStateException failure = new IllegalStateException(why);
                waiting.forEach(answer -> answer.completeExceptionally(failure));
                requests.fail(failure);
                listeners.values().forEach(listener -> listener.leave(why));
              });
        });
  }
}
