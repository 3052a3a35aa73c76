/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.FencingToken;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.memogrid.internal.lease.Lease;
import org.memogrid.internal.lease.LeaseFeature;
import org.memogrid.internal.lease.LeaseListener;
import org.memogrid.internal.lease.LeaseSpec;
import org.memogrid.internal.node.Beans;
import org.memogrid.internal.store.Envelope;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A job on one member: the shell around its {@link JobCore}.
 *
 * <p>The core is used under its own lock, which is held for no longer than it decides. What it
 * wants done is done on the pool's threads: a firing takes one of them from its claim to its end.
 *
 * <p>Invariants: {@code busy} counts what is on its way to the core or comes from it, runs
 * included; once it is 0 after {@code ending}, nothing of the job runs here any more, and the turn
 * is given back after that, never before. What is read from the board is shown to the core in the
 * order of the reads ({@code reading}).
 */
final class RunningJob implements Job, LeaseListener {
  private static final Logger LOG = LoggerFactory.getLogger(RunningJob.class);
  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final Duration AFTER_INTERRUPT = Duration.ofSeconds(5);
  private static final int MOST_TRIGGERS = 100;

  private final Plan plan;
  private final JobFeature feature;
  private final JobFeature.Works works;
  private final Board board;
  private final JobCore core;
  private final List<Effect> wanted = new ArrayList<>();
  private final Object reading = new Object();
  private final Timer.Slot slot;
  private final Map<Long, Run> live = new ConcurrentHashMap<>();
  private final News news;
  private final AtomicLong runs = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();
  private final Beans.Bean bean;

  private volatile @Nullable Lease lease;
  private volatile @Nullable FencingToken turn;
  private volatile @Nullable FencingToken ownToken; // if it runs on every node
  private volatile @Nullable Entry known;
  private volatile boolean awaitsOthers;
  private volatile boolean scheduled;

  // Under the core's lock.
  private int busy;
  private boolean leaving;
  private long view = Long.MIN_VALUE;
  private @Nullable CompletableFuture<@Nullable Void> ending;
  private final CompletableFuture<@Nullable Void> quiet = new CompletableFuture<>();

  /** What the builder collected. */
  record Plan(
      String name,
      JobTask task,
      Definition definition,
      boolean everyNode,
      @Nullable Persist persist,
      JobListener listener) {}

  /**
   * Runs nothing before it is started.
   *
   * @param scheduled whether the cluster has it by its plan; if not, it is given it when it can be
   */
  RunningJob(
      Plan plan, JobFeature feature, JobFeature.Works works, Board board, boolean scheduled) {
    this.plan = plan;
    this.feature = feature;
    this.works = works;
    this.board = board;
    this.scheduled = scheduled;
    boolean durable = plan.persist != null;
    this.core =
        new JobCore(self(), Set.of(self()), durable, Rules.all(), works.runs(), wanted::add);
    this.news = new News(this, plan.listener, self(), board, this::feed);
    this.slot = works.timer().slot(() -> feed(this::look));
    this.bean = Beans.show("Job", plan.name, self().name(), new JobBean(this, runs, failures));
  }

  void start() {
    if (plan.everyNode) {
      FencingToken token = new FencingToken(leaseName(), works.runs().next(), self().id());
      ownToken = token;
      onBegin(token);
    } else {
      try {
        lease = works.leases().offer(leaseName(), LeaseSpec.SPREAD, this);
      } catch (RuntimeException e) {
        var unused = end(false);
        throw e;
      }
    }
  }

  private String leaseName() {
    return LeaseFeature.JOBS + plan.name;
  }

  private Member self() {
    return works.node().membership().self();
  }

  // ---- events for the core

  /** Has something done on one of the pool's threads. */
  private void feed(Runnable work) {
    synchronized (core) {
      busy++;
    }
    try {
      works
          .pool()
          .execute(
              () -> {
                try {
                  work.run();
                } catch (RuntimeException | Error e) {
                  LOG.error("job '{}' failed on an event: report this", plan.name, e);
                } finally {
                  done();
                }
              });
    } catch (RejectedExecutionException left) {
      LOG.debug("job '{}': an event came after the end", plan.name, left);
      done();
    }
  }

  private void done() {
    synchronized (core) {
      busy--;
      if (ending == null || !isQuiet()) {
        return;
      }
    }
    quiet.complete(null);
  }

  /** Whether nothing is under way. Who stays in the cluster first notes what has ended. */
  private boolean isQuiet() {
    return busy == 0 && (leaving || !core.owes());
  }

  /** Shows the core what is on the board, and does what it wants. */
  private void look() {
    List<Effect> effects;
    try {
      if (!scheduled) {
        scheduleNow();
      }
      effects = read((c, there, now) -> c.seen(there, now));
    } catch (RuntimeException e) {
      if (!board.isWaiting()) {
        LOG.warn("job '{}' can't be read on {}; it is looked at again", plan.name, self(), e);
      }
      effects = apply(c -> c.unread(feature.now()));
    }
    perform(effects);
  }

  /** What could not be done when it was started, since members were missing. */
  private void scheduleNow() {
    try {
      feature.schedule(plan, board);
    } catch (IllegalArgumentException e) {
      LOG.error("job '{}' is not scheduled: {}; start it with another", plan.name, e.getMessage());
    }
    scheduled = true;
  }

  /** Called about once a second. */
  void offerAgain() {
    if (!scheduled && !isEnding()) {
      feed(this::look);
    }
  }

  /** What the core makes of something that was read. */
  private interface Reaction {
    void accept(JobCore core, @Nullable Entry there, long now);
  }

  private List<Effect> read(Reaction reaction) {
    synchronized (reading) {
      Entry there = board.read(plan.name, known);
      compareClocks(there, feature.now());
      return apply(c -> reaction.accept(c, there, feature.now()));
    }
  }

  private void compareClocks(@Nullable Entry there, long now) {
    if (there != null) {
      there.state().open().stream()
          .filter(claim -> !claim.member().equals(self()))
          .forEach(claim -> feature.noteAhead(claim.member(), claim.startedAt() - now));
    }
  }

  private List<Effect> apply(Consumer<JobCore> event) {
    synchronized (core) {
      Membership members = works.node().membership();
      if (members.id() != view) {
        view = members.id();
        core.view(Set.copyOf(members.members()));
      }
      event.accept(core);
      List<Effect> effects = List.copyOf(wanted);
      wanted.clear();
      Entry entry = core.entry();
      known = entry;
      awaitsOthers =
          entry != null && entry.state().open().stream().anyMatch(c -> !c.member().equals(self()));
      slot.at(core.wakeAt());
      if (works.node().membership().id() != view) {
        onView(); // which was told when nothing was known to wait for
      }
      return effects;
    }
  }

  /** Does what the core wants, and what it wants then; the first firing on this very thread. */
  private void perform(List<Effect> effects) {
    Deque<Effect> todo = new ArrayDeque<>(effects);
    Claim own = null;
    while (!todo.isEmpty() || own != null) {
      Effect effect = todo.poll();
      if (effect == null) {
        Claim claim = own;
        own = null;
        if (claim != null) {
          todo.addAll(run(claim));
        }
      } else if (effect instanceof Effect.Store store) {
        todo.addAll(store(store));
      } else if (effect instanceof Effect.Run run) {
        if (own == null) {
          own = run.claim();
        } else {
          feed(() -> perform(run(run.claim())));
        }
      } else if (effect instanceof Effect.Lost lost) {
        news.lost(lost.claim());
      } else if (effect instanceof Effect.Missed missed) {
        news.missed(missed, feature.now());
      }
    }
  }

  private List<Effect> store(Effect.Store store) {
    try {
      Entry stored = board.swap(plan.name, store.before(), store.after());
      return stored == null
          ? read((c, there, now) -> c.stored(false, there, now))
          : apply(c -> c.stored(true, stored, feature.now()));
    } catch (RuntimeException e) {
      LOG.warn("job '{}': what was to be noted may not be; it is looked at again", plan.name, e);
      return apply(c -> c.unknown(feature.now()));
    }
  }

  /** The entry has changed, by whomever. */
  void changed(Board where, @Nullable Envelope value) {
    Entry last = known;
    boolean isNews = value == null || last == null || !last.mark().equals(value);
    if (where == board && isNews && !isEnding()) {
      feed(this::look);
    }
  }

  void onView() {
    if (awaitsOthers && turn != null && !isEnding()) {
      feed(this::look);
    }
  }

  void sweep() {
    if (turn != null && !board.isCurrent(plan.name, known) && !isEnding()) {
      feed(this::look);
    }
  }

  private boolean isEnding() {
    synchronized (core) {
      return ending != null;
    }
  }

  // ---- the turn

  @Override
  public void onBegin(FencingToken token) {
    turn = token;
    feed(
        () -> {
          var unused = apply(c -> noteTurn(c, token)); // wants nothing before it is read
          look();
        });
  }

  private void noteTurn(JobCore c, FencingToken token) {
    if (token.equals(turn)) {
      c.begin(token.number(), feature.now());
    }
  }

  @Override
  public void onEnd(FencingToken token, String why) {
    turn = null;
    var unused = apply(JobCore::end); // wants nothing
  }

  @Override
  public void onHolder(Member holder, FencingToken token) {}

  @Override
  public void onRefused(String why) {
    LOG.error("job '{}' can't run on {}: {}", plan.name, self(), why);
  }

  @Override
  public CompletionStage<?> onLeaving() {
    return end(true);
  }

  boolean isOnEveryNode() {
    return plan.everyNode;
  }

  boolean isActive(FencingToken token) {
    Lease held = lease;
    return token.equals(turn) && (plan.everyNode || (held != null && held.isActive(token)));
  }

  // ---- firings

  private List<Effect> run(Claim claim) {
    FencingToken token = turn;
    boolean active = token != null && isActive(token);
    boolean may;
    synchronized (core) {
      may = core.mayBegin(claim, active, feature.now());
    }
    if (!may) {
      LOG.warn(
          "job '{}': the firing of {} does not begin: this member stood still since it claimed it",
          plan.name,
          Instant.ofEpochMilli(claim.scheduledAt()));
      return apply(c -> c.gaveUp(claim, feature.now()));
    }
    Firing firing = run(claim, token);
    List<Effect> effects = apply(c -> c.ran(claim, feature.now()));
    news.tell(firing); // meanwhile: the next firing waits for neither history nor listener
    return effects;
  }

  private Firing run(Claim claim, @Nullable FencingToken token) {
    FencingToken held = token != null ? token : new FencingToken(leaseName(), 0, self().id());
    Run run =
        new Run(
            this,
            claim,
            held,
            claim.token() == 0 ? held : new FencingToken(leaseName(), claim.token(), self().id()),
            Thread.currentThread());
    live.put(claim.run(), run);
    long since = System.nanoTime();
    Throwable failure = null;
    try {
      plan.task.run(run);
    } catch (Throwable thrown) {
      failure = thrown;
      failures.incrementAndGet();
      LOG.warn(
          "job '{}', firing of {}, failed on {}", plan.name, run.scheduledAt(), self(), failure);
    } finally {
      live.remove(claim.run());
      run.over();
      runs.incrementAndGet();
    }
    return new Firing(
        run.scheduledAt(),
        Instant.ofEpochMilli(claim.startedAt()),
        Duration.ofMillis((System.nanoTime() - since) / 1_000_000),
        self().name(),
        failure == null ? Firing.Outcome.DONE : Firing.Outcome.FAILED,
        failure == null ? null : shortened(failure.toString()));
  }

  private static String shortened(String text) {
    return text.length() <= 200 ? text : text.substring(0, 200) + "...";
  }

  // ---- users

  @Override
  public String name() {
    return plan.name;
  }

  private @Nullable JobState state() {
    Entry there = board.read(plan.name, known);
    return there == null ? null : there.state();
  }

  @Override
  public JobStatus status() {
    if (isEnding()) {
      return JobStatus.CLOSED;
    }
    JobState state = state();
    return state == null
        ? JobStatus.UNSCHEDULED
        : !state.open().isEmpty()
            ? JobStatus.RUNNING
            : state.finished()
                ? JobStatus.FINISHED
                : state.paused() ? JobStatus.PAUSED : JobStatus.SCHEDULED;
  }

  @Override
  public @Nullable Schedule schedule() {
    JobState state = state();
    return state == null ? null : state.definition().schedule();
  }

  @Override
  public @Nullable Instant next() {
    JobState state = isEnding() ? null : state();
    if (state == null || state.paused() || state.fired() >= state.definition().schedule().most()) {
      return null;
    }
    Times times = new Times(state.definition().schedule(), state.scheduledAt());
    long next = times.nextAfter(state.last());
    return next == Times.NEVER ? null : Instant.ofEpochMilli(next);
  }

  @Override
  public @Nullable Member holder() {
    Lease now = lease;
    return plan.everyNode ? self() : now == null ? null : now.holder();
  }

  @Override
  public @Nullable FencingToken token() {
    if (plan.persist != null) {
      Entry there = known;
      Turn last = there == null ? null : there.stored().turn();
      return last == null ? null : new FencingToken(leaseName(), last.number(), last.member());
    }
    Lease now = lease;
    return plan.everyNode ? ownToken : now == null ? null : now.lastToken();
  }

  @Override
  public void pause() {
    change(JobState::pause);
  }

  @Override
  public void resume() {
    change(state -> state.resume(feature.now()));
  }

  @Override
  public void triggerNow() {
    change(
        state -> {
          if (state.triggers().size() >= MOST_TRIGGERS) {
            throw new IllegalStateException(
                "job '" + plan.name + "': " + MOST_TRIGGERS + " runs wait already: let them run");
          }
          return state.trigger(feature.now());
        });
  }

  @Override
  public void reschedule(Schedule schedule) {
    java.util.Objects.requireNonNull(schedule, "schedule");
    try {
      Schedule complete = schedule.inZone();
      change(state -> state.replacedBy(state.definition().with(complete), feature.now()));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("job '" + plan.name + "': " + e.getMessage(), e);
    }
  }

  private void change(UnaryOperator<JobState> change) {
    if (isEnding()) {
      throw new IllegalStateException("job '" + plan.name + "' is closed here: start it again");
    }
    while (true) {
      Entry there = board.read(plan.name, known);
      if (there == null) {
        throw new IllegalStateException("job '" + plan.name + "' is not scheduled: start it again");
      }
      if (board.swap(plan.name, there, change.apply(there.state())) != null) {
        feed(this::look);
        return;
      }
    }
  }

  @Override
  public void unschedule() {
    board.remove(plan.name);
    var unused = end(false);
  }

  @Override
  public Set<String> missing() {
    return board.missing();
  }

  @Override
  public void goOnWithoutMissing() {
    board.goOnWithoutMissing(feature.now());
    feed(this::look);
  }

  @Override
  public List<Firing> history() {
    return board.history(plan.name);
  }

  @Override
  public JobStats stats() {
    JobState state = state();
    return new JobStats(
        state == null ? 0 : state.fired(),
        state == null ? 0 : state.missed(),
        runs.get(),
        failures.get());
  }

  /**
   * Lets what runs here end, then gives the turn back.
   *
   * @param leaving whether the member leaves, so that others close what it left open
   */
  CompletableFuture<@Nullable Void> end(boolean leaving) {
    CompletableFuture<@Nullable Void> end = new CompletableFuture<>();
    boolean isQuiet;
    boolean owes;
    synchronized (core) {
      CompletableFuture<@Nullable Void> before = ending;
      if (before != null) {
        return before;
      }
      ending = end;
      this.leaving = leaving;
      isQuiet = isQuiet();
      owes = core.owes();
      core.end();
      slot.at(core.wakeAt());
    }
    turn = null;
    if (isQuiet) {
      quiet.complete(null);
    } else {
      hurry();
    }
    if (owes && !leaving) {
      feed(this::look); // and again by the slot, as long as it fails
    }
    var unused =
        quiet
            .thenCompose(none -> withdraw())
            .whenComplete(
                (none, error) -> {
                  slot.at(Times.NEVER);
                  bean.close();
                  feature.closed(this);
                  end.complete(null);
                });
    return end;
  }

  private CompletionStage<@Nullable Void> withdraw() {
    if (plan.everyNode) {
      return CompletableFuture.runAsync(() -> board.remove(plan.name), works.node().workers())
          .thenApply(none -> null);
    }
    Lease held = lease;
    return held == null
        ? CompletableFuture.completedFuture(null)
        : held.withdraw().<@Nullable Void>thenApply(none -> null);
  }

  /** Interrupts what does not end, and then waits for it no more. */
  private void hurry() {
    ScheduledFuture<?> interrupt = later(() -> live.values().forEach(Run::interrupt), GRACE);
    ScheduledFuture<?> leave =
        later(
            () -> {
              live.values().forEach(Run::reportHung);
              quiet.complete(null);
            },
            GRACE.plus(AFTER_INTERRUPT));
    var unused =
        quiet.whenComplete(
            (none, error) -> {
              interrupt.cancel(false);
              leave.cancel(false);
            });
  }

  private ScheduledFuture<?> later(Runnable what, Duration delay) {
    return works.node().scheduler().schedule(what, delay.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    CompletableFuture<@Nullable Void> end = end(false);
    if (!isRunByThisThread()) { // else it waited for itself
      var unused = end.join();
    }
  }

  boolean isRunByThisThread() {
    Thread self = Thread.currentThread();
    return news.isToldBy(self) || live.values().stream().anyMatch(run -> run.isOn(self));
  }

  @Override
  public String toString() {
    return "Job[" + plan.name + ", " + plan.definition + "]";
  }
}
