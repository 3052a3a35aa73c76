/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.testkit.sim.SimViews;

/** A member of a {@link JobSim}: the shell of a core. */
final class SimJobNode {
  static final int LONGEST_RUN = 2_000;
  private static final int VIEW_DELAY = 50;
  private static final int LEASE = 3_000;

  final Member self;
  final Rules rules;
  private final JobSim sim;
  private JobCore core;
  private final long skew;
  private final LiveRuns runs = new LiveRuns();
  private final Map<Long, Double> claimedAt = new HashMap<>();
  private final List<Runnable> waiting = new ArrayList<>();
  private double awakeAt;

  /** When the others last knew that it was not in the view; a newcomer is not, at first. */
  private double excludedUntil;

  private double lapsedAt = Double.NEGATIVE_INFINITY;
  private double hurriedAt = Double.NEGATIVE_INFINITY;
  private long wakes;
  private int writing;
  private long turn;
  long view = -1;
  boolean leaving;
  private boolean isClosed;
  private Set<Member> present;
  boolean dead;

  /** Hears whether a write was stored, and what is there. */
  interface Stored {
    void accept(boolean stored, JobSim.@Nullable Cell there);
  }

  SimJobNode(JobSim sim, Member self, Rules rules) {
    this.sim = sim;
    this.self = self;
    this.rules = rules;
    this.skew = sim.time.between(-400, 400);
    this.excludedUntil = sim.time.now() + VIEW_DELAY;
    this.present = Set.of(self);
    this.core = new JobCore(self, present, sim.durable, rules, runs, this::perform);
  }

  long now() {
    return JobSim.BASE + (long) sim.time.now() + skew;
  }

  // ---- faults

  void pause(int length) {
    awakeAt = Math.max(awakeAt, sim.time.now() + length);
    if (awakeAt - sim.time.now() >= LEASE) {
      lapsedAt = awakeAt;
    }
    sim.time.after(
        length,
        () -> {
          List<Runnable> now = List.copyOf(waiting);
          waiting.clear();
          now.forEach(this::whenAwake);
        });
  }

  boolean isAwake() {
    return sim.time.now() >= awakeAt;
  }

  void whenAwake(Runnable action) {
    if (dead) {
      return;
    }
    if (!isAwake()) {
      waiting.add(action);
    } else {
      action.run();
    }
  }

  void excluded() {
    excludedUntil = Double.MAX_VALUE;
  }

  void isBack() {
    excludedUntil = sim.time.now() + VIEW_DELAY;
  }

  /** Whether the others had reason to take it for lost, or it said itself that nobody runs it. */
  boolean wasExcludedSince(Claim claim) {
    return excludedUntil >= claimedAt.getOrDefault(claim.run(), Double.MAX_VALUE);
  }

  /** Whether it closed the job though something was open. */
  boolean hurriedSince(Claim claim) {
    return hurriedAt >= claimedAt.getOrDefault(claim.run(), 0.0);
  }

  boolean stoodStillSince(Claim claim) {
    return lapsedAt >= claimedAt.getOrDefault(claim.run(), 0.0);
  }

  /** Claims no more, awaits what runs, goes. */
  void leave() {
    leaving = true;
    whenAwake(
        () -> {
          end(turn);
          leaveWhenQuiet();
        });
  }

  /** Closes the job here and stays; starts it again after a while. */
  void close(int pause) {
    leaving = true;
    double patience = sim.time.chance(0.5) ? sim.time.between(0, 100) : Double.MAX_VALUE;
    whenAwake(
        () -> {
          end(turn);
          closeWhenQuiet(pause, sim.time.now() + patience);
        });
  }

  /** What does not end, or can't be noted, is not waited for for ever. */
  private void closeWhenQuiet(int pause, double latest) {
    boolean busy = !runs.isEmpty() || writing > 0 || core.owes();
    if (busy && sim.time.now() < latest) {
      sim.time.after(20, () -> whenAwake(() -> closeWhenQuiet(pause, latest)));
      return;
    }
    if (busy) {
      hurriedAt = sim.time.now();
    }
    sim.note(this + " has closed the job");
    isClosed = true;
    wakes++;
    sim.time.after(
        pause,
        () ->
            whenAwake(
                () -> {
                  sim.note(this + " starts the job again");
                  core = new JobCore(self, present, sim.durable, rules, runs, this::perform);
                  isClosed = false;
                  leaving = false;
                  look();
                }));
  }

  private void leaveWhenQuiet() {
    if (isClosed || (runs.isEmpty() && writing == 0)) {
      sim.left(this);
    } else {
      sim.time.after(20, () -> whenAwake(this::leaveWhenQuiet));
    }
  }

  // ---- events

  /** A turn that was given at a moment, which is refused if the member stood still since. */
  void begin(long token, double given) {
    if (lapsedAt >= given && sim.time.now() >= lapsedAt) {
      sim.refused(this);
    } else if (!leaving) {
      sim.note(this + " has the turn");
      turn = token;
      event(() -> core.begin(token, now()));
      look();
    }
  }

  void end(long token) {
    if (turn == token && token != 0) {
      sim.note(this + " has the turn no more");
      turn = 0;
      event(core::end);
    }
  }

  void learn(SimViews.View now) {
    if (now.id() < view) {
      return;
    }
    view = now.id();
    present = Set.copyOf(now.members());
    event(() -> core.view(present));
    look();
  }

  void look() {
    if (sim.isHeld() || (sim.time.now() < JobSim.BUSY + 15_000 && sim.time.chance(0.03))) {
      sim.note(this + " can't read it");
      event(() -> core.unread(now()));
      return;
    }
    Entry there = sim.entry(sim.read(this));
    event(() -> core.seen(there, now()));
  }

  void sweepLater() {
    sim.time.after(
        5_000,
        () -> {
          if (!dead) {
            whenAwake(this::sweep);
            sweepLater();
          }
        });
  }

  /** Looks if it has missed something. */
  private void sweep() {
    Entry known = core.entry();
    if (turn != 0 && (known == null || known.mark() != sim.read(this))) {
      look();
    }
  }

  private void event(Runnable event) {
    if (isClosed) {
      return;
    }
    event.run();
    long at = core.wakeAt();
    long wake = ++wakes;
    if (at != Times.NEVER) {
      sim.time.after(
          (double) Math.max(0, at - now()),
          () ->
              whenAwake(
                  () -> {
                    if (wake == wakes) {
                      look();
                    }
                  }));
    }
  }

  // ---- effects

  private void perform(Effect effect) {
    if (effect instanceof Effect.Store store) {
      store(store);
    } else if (effect instanceof Effect.Run run) {
      // Not within the event that wants it, as on the pool.
      JobCore by = core;
      sim.time.after(0, () -> whenAwake(() -> run(by, run.claim())));
    } else if (effect instanceof Effect.Lost lost) {
      sim.note(this + " takes for lost " + lost.claim());
      sim.lost(lost.claim());
    }
  }

  private void store(Effect.Store store) {
    JobState before = store.before().state();
    JobState after = store.after();
    sim.deciding(this, before, after, turn != 0);
    after.open().stream()
        .filter(claim -> claim.member().equals(self))
        .forEach(claim -> claimedAt.putIfAbsent(claim.run(), sim.time.now()));
    writing++;
    if (after.fired() > before.fired()) {
      sim.claiming(this);
    }
    boolean fateIsKnown = !sim.time.chance(0.03);
    if (!fateIsKnown && sim.time.chance(0.5)) {
      sim.note(this + " may have stored " + after);
      sim.writeHalf(this, store.before(), after);
      sim.time.after(
          sim.time.between(1, 60),
          () ->
              whenAwake(
                  () -> {
                    writing--;
                    event(() -> core.unknown(now()));
                  }));
      return;
    }
    sim.write(
        this,
        store.before(),
        after,
        (stored, there) ->
            whenAwake(
                () -> {
                  writing--;
                  if (fateIsKnown) {
                    event(() -> core.stored(stored, sim.entry(there), now()));
                  } else {
                    sim.note(this + " does not know whether it stored " + after);
                    event(() -> core.unknown(now()));
                  }
                }));
  }

  /** Whether what is open here is still that core's; if not, nothing is noted for it any more. */
  private boolean isOf(JobCore by) {
    return core == by && !isClosed;
  }

  private void run(JobCore by, Claim claim) {
    if (!isOf(by)) {
      runs.ended(claim.run());
      return;
    }
    boolean active = turn != 0 && !stoodStillSince(claim);
    if (!core.mayBegin(claim, active, now())) {
      sim.note(this + " gives up " + claim);
      event(() -> core.gaveUp(claim, now()));
      return;
    }
    sim.note(this + " begins " + claim);
    sim.begins(this, claim);
    int length = sim.time.chance(0.8) ? sim.time.between(0, 60) : sim.time.between(60, LONGEST_RUN);
    sim.time.after(
        length,
        () ->
            whenAwake(
                () -> {
                  sim.note(this + " has ended " + claim);
                  sim.ends(this, claim);
                  if (isOf(by)) {
                    event(() -> core.ran(claim, now()));
                  } else {
                    runs.ended(claim.run());
                  }
                }));
  }

  @Override
  public String toString() {
    return self.id();
  }
}
