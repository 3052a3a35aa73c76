/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.FencingToken;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.memogrid.internal.node.Feature;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.wire.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The names of a member, whether it offers some or not: it may be the one that places them. The
 * shell around a {@link LeaseCore}: a thread of its own feeds it messages, views and ticks, so
 * nothing that users run can hold up the lease.
 */
public final class LeaseFeature implements Feature {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseFeature.class);
  private static final String SERVICE = "lease";

  /** What the names of jobs begin with, and those of daemons do not. */
  public static final String JOBS = "job:";

  /** More than what a daemon gets for its stop, with the interrupt after it. */
  private static final Duration LEAVING = Duration.ofSeconds(20);

  private static final Duration FLUSH = Duration.ofSeconds(1);

  private final LeaseFormat format = new LeaseFormat();
  private volatile LongSupplier clock = System::nanoTime;
  private final long origin = clock.getAsLong();
  private final List<Registration> registrations = new ArrayList<>();
  private volatile @Nullable Running running;

  /** Added to by users' threads, taken from by the thread of the leases alone. */
  private final Map<String, Lease> leases = new ConcurrentHashMap<>();

  /** Until when the turns of each quorum in use are valid; replaced whole. */
  private volatile long[] validUntil = {0, 0};

  /** What there is once the member has started. */
  private record Running(Node node, LeaseCore core, ScheduledThreadPoolExecutor thread) {}

  /** For the service loader. */
  public LeaseFeature() {}

  @Override
  public Layer layer() {
    return Layer.BASE;
  }

  @Override
  public void start(Node node) {
    Member self = node.membership().self();
    ScheduledThreadPoolExecutor thread =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread made = new Thread(task, "memogrid-" + self.name() + "-lease");
              made.setDaemon(true);
              return made;
            });
    thread.setRemoveOnCancelPolicy(true);
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    thread.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
    LeaseCore core = new LeaseCore(self, Rules.all(), this::perform, now());
    running = new Running(node, core, thread);
    registrations.add(node.wire().serve(SERVICE, format, this::onMessage));
    registrations.add(
        node.wire().onMissing(SERVICE, member -> feed(c -> c.missing(member, now()))));
    registrations.add(node.onView(this::view));
    view();
    var unused =
        thread.scheduleAtFixedRate(
            () -> event(c -> c.tick(now())), LeaseCore.TICK, LeaseCore.TICK, TimeUnit.MILLISECONDS);
  }

  private Running running() {
    Running now = running;
    if (now == null) {
      throw new IllegalStateException("names are used before the member has started them");
    }
    return now;
  }

  /** Milliseconds of a clock that only rises, and does so while the process is stopped. */
  private long now() {
    return (clock.getAsLong() - origin) / 1_000_000;
  }

  /** For tests: nanoseconds, from now on; to begin where {@link System#nanoTime} is. */
  public void clock(LongSupplier clock) {
    this.clock = clock;
  }

  // ---- events

  private void onMessage(Wire.Incoming<Message> incoming) {
    if (incoming.wantsReply()) {
      incoming.reply(incoming.message());
      return;
    }
    feed(core -> core.received(incoming.from(), incoming.message(), now()));
  }

  private void view() {
    feed(
        core -> {
          Membership members = running().node.membership();
          core.install(new View(members.id(), members.members()), now());
        });
  }

  private void feed(Consumer<LeaseCore> event) {
    try {
      running().thread.execute(() -> event(event));
    } catch (RejectedExecutionException left) {
      LOG.debug("an event came after the end of this member's leases", left);
    }
  }

  private void event(Consumer<LeaseCore> event) {
    LeaseCore core = running().core;
    try {
      event.accept(core);
    } catch (RuntimeException | Error e) {
      LOG.error("the leases of {} failed on an event: report this", running().node.membership(), e);
    } finally {
      publish(core);
    }
  }

  /** Shows the threads of users until when what they hold is theirs. */
  private void publish(LeaseCore core) {
    long[] until = new long[validUntil.length];
    for (int quorum = 1; quorum < until.length; quorum++) {
      until[quorum] = core.validUntil(quorum);
    }
    validUntil = until;
  }

  boolean isValid(int quorum) {
    long[] until = validUntil;
    return quorum < until.length && now() <= until[quorum];
  }

  boolean isMember(Member member) {
    return running().node.membership().members().contains(member);
  }

  // ---- effects

  private void perform(Effect effect) {
    if (effect instanceof Effect.Send send) {
      running().node.wire().send(send.to(), SERVICE, format, send.message());
    } else if (effect instanceof Effect.Wake wake) {
      var unused =
          running()
              .thread
              .schedule(() -> event(core -> core.tick(now())), wake.delay(), TimeUnit.MILLISECONDS);
    } else if (effect instanceof Effect.Begin begin) {
      publish(running().core);
      tell(begin.name(), lease -> lease.begin(token(begin.name(), begin.token())));
    } else if (effect instanceof Effect.End end) {
      LOG.info("the turn of {} at '{}' is over: {}", end.token(), end.name(), end.why());
      tell(end.name(), lease -> lease.end(token(end.name(), end.token()), end.why()));
    } else if (effect instanceof Effect.Holder holder) {
      tell(
          holder.name(),
          lease -> lease.holder(holder.holder(), token(holder.name(), holder.token())));
    } else if (effect instanceof Effect.Refuse refuse) {
      tell(refuse.name(), lease -> lease.refused(refuse.why()));
    }
  }

  private void tell(String name, Consumer<Lease> news) {
    Lease lease = leases.get(name);
    if (lease != null) {
      news.accept(lease);
    }
  }

  private static FencingToken token(String name, Token token) {
    return new FencingToken(name, token.number(), token.memberId());
  }

  // ---- what users of names do

  /**
   * Offers a name. Never waits for the thread of the leases, which may be about to call somebody
   * who waits for a lock that the caller holds.
   *
   * @throws IllegalStateException if this member offers it already, or is leaving
   */
  public Lease offer(String name, LeaseSpec spec, LeaseListener listener) {
    Lease lease = new Lease(this, name, spec, listener);
    if (leases.putIfAbsent(name, lease) != null) {
      throw new IllegalStateException("'" + name + "' is offered by this member already");
    }
    try {
      running()
          .thread
          .execute(
              () ->
                  event(
                      core -> {
                        watch(spec.quorum());
                        core.register(name, spec, now());
                      }));
    } catch (RejectedExecutionException left) {
      leases.remove(name, lease);
      throw new IllegalStateException("'" + name + "': this member leaves its cluster", left);
    }
    return lease;
  }

  /** Has that quorum shown too; what is shown of the others stays. */
  private void watch(int quorum) {
    if (quorum >= validUntil.length) {
      validUntil = Arrays.copyOf(validUntil, quorum + 1);
    }
  }

  void release(Lease lease, FencingToken token, boolean avoid) {
    feed(
        core -> {
          lease.released(token);
          core.release(lease.name(), new Token(token.number(), token.memberId()), avoid, now());
        });
  }

  CompletionStage<Void> withdraw(Lease lease) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    try {
      running()
          .thread
          .execute(
              () -> {
                event(
                    core -> {
                      if (leases.remove(lease.name(), lease)) {
                        lease.withdrawn();
                        core.withdraw(lease.name(), now());
                      }
                    });
                done.complete(null);
              });
    } catch (RejectedExecutionException left) {
      done.complete(null);
    }
    return done;
  }

  /** Has all that runs stopped, then gives the names back, so that another begins at once. */
  @Override
  public void stop() {
    Running now = running;
    if (now == null) {
      return;
    }
    try {
      CompletableFuture<Void> quiet = new CompletableFuture<>();
      now.thread.execute(
          () -> {
            CompletableFuture<?>[] each =
                leases.values().stream()
                    .map(
                        lease ->
                            lease
                                .leaving()
                                .thenCompose(none -> lease.withdraw())
                                .toCompletableFuture())
                    .toArray(CompletableFuture<?>[]::new);
            var unused =
                CompletableFuture.allOf(each).whenComplete((none, error) -> quiet.complete(null));
          });
      quiet.get(LEAVING.toMillis(), TimeUnit.MILLISECONDS);
      flush(now);
    } catch (TimeoutException e) {
      LOG.warn("something still runs {} after it was stopped; leaving all the same", LEAVING, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | RejectedExecutionException e) {
      LOG.error("leaving without giving the names back in order", e);
    }
    registrations.forEach(Registration::close);
    now.thread.shutdownNow();
  }

  /**
   * What was sent has arrived when an answer to a later message has: a member that leaves with its
   * last words unsaid makes the others wait for its absence to be noticed.
   */
  private void flush(Running now) throws InterruptedException {
    List<CompletableFuture<Message>> answers = new ArrayList<>();
    for (Member member : now.node.membership().members()) {
      answers.add(
          now.node.wire().request(member, SERVICE, format, new Message.Beat(0, 0, 0), FLUSH));
    }
    try {
      CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
          .get(FLUSH.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("somebody did not answer while this member leaves", e);
    }
  }
}
