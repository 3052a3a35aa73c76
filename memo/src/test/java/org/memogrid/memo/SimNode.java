/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.memo.MemoSim.Env;
import org.memogrid.memo.MemoSim.Kind;
import org.memogrid.memo.MemoSim.Result;
import org.memogrid.testkit.sim.SimViews;

/** The shell of a core in the simulation: what the real shell does with threads. */
final class SimNode {
  private static final String MEMO = "f";

  final Member self;
  final Rules rules;
  final MemoCore core;
  long view = -1;
  double settledAt = Double.MAX_VALUE;
  List<Member> members = List.of();
  boolean runsLong;
  private final MemoSim sim;
  private final Queue<Runnable> forPermit = new ArrayDeque<>();
  private int permits;
  private final Queue<Runnable> inbox = new ArrayDeque<>();
  private final Map<Object, Env> near = new HashMap<>();
  private double nearBusyUntil;
  private boolean handling;
  private boolean stopped;
  private int syncAttempts;
  private boolean settledOnce;
  private boolean distrusts;
  private int lent;

  SimNode(MemoSim sim, Member self) {
    this.sim = sim;
    this.self = self;
    this.rules = Rules.without(sim.off);
    this.core = new MemoCore(sim.identity(self), rules, chain -> "cycle " + chain, this::perform);
    this.permits = sim.permits;
  }

  void stop() {
    stopped = true;
  }

  // ---- events

  void install(SimViews.View next) {
    if (next.id() <= view) {
      return;
    }
    view = next.id();
    members = next.members();
    settledAt = Double.MAX_VALUE;
    sim.checker.installed(self, next);
    syncAttempts = 0;
    sim.note(() -> self + " installs " + next);
    Configuration configuration =
        new Configuration(
            next.id(),
            next.members().get(0),
            next.members(),
            key -> MemoSim.home(key, next.members()));
    feed(
        () -> {
          core.install(configuration);
          distrust();
        });
  }

  /** What it keeps is not believed until it has heard all: who asks meanwhile runs once more. */
  private void distrust() {
    for (int key = 0; settledOnce && !distrusts && key < MemoSim.KEYS; key++) {
      if (!core.trusts(key)) {
        sim.checker.mayRunAgainOn(self, key);
      }
    }
    distrusts = !core.trusts(-1);
  }

  void call(int key) {
    call(new Caller(key, self, List.of(), ignored -> {}));
  }

  private void call(Caller caller) {
    sim.checker.called(caller);
    Env here = here(caller.key);
    if (here != null) {
      answer(caller, here);
    } else {
      ask(caller, null);
    }
  }

  private void answer(Caller caller, Env here) {
    caller.done = true;
    sim.checker.answered(caller, here.result);
    caller.then.accept(here.result);
  }

  /** What a reader on this member trusts. */
  private @Nullable Env here(Integer key) {
    Env env = local(key);
    if (env == null || !isLive(env) || env.epoch < core.epoch()) {
      return null;
    }
    if (core.trusts(key)) {
      return env;
    }
    if (settledOnce && !core.isSettled()) {
      rules.made(Rule.DISTRUST_WHEN_APART);
    }
    return null;
  }

  private @Nullable Env local(Integer key) {
    return switch (sim.kind) {
      case INVALIDATED -> near.get(key);
      case REPLICATED -> sim.store.copy(self, key);
      case DISTRIBUTED ->
          sim.owners(key, members).contains(self) ? sim.store.copy(self, key) : null;
    };
  }

  /** Somebody in the background wants an entry of this member's replaced. */
  void refresh(int key) {
    Env here = here(key);
    if (here != null) {
      sim.time.after(sim.time.between(0, 100), () -> event(() -> refresh(key, here)));
    }
  }

  /** What was seen may have been replaced since. */
  private void refresh(int key, Env seen) {
    Caller caller = new Caller(key, self, List.of(), ignored -> {});
    sim.checker.called(caller);
    sim.checker.mayRefresh(key, seen);
    sim.note(() -> self + " wants " + key + " refreshed");
    ask(caller, seen);
  }

  private void ask(Caller caller, @Nullable Env seen) {
    feed(
        () -> {
          Env kept = sim.kind == Kind.INVALIDATED ? here(caller.key) : null;
          if (kept != null && kept != seen) { // no home knows of it
            answer(caller, kept);
          } else {
            core.call(caller.key, caller, caller.ancestors, seen);
          }
        });
    if (caller.ancestors.isEmpty() && sim.time.chance(0.15)) {
      sim.time.after(sim.time.between(1, 200), () -> leave(caller));
    }
  }

  /** A caller that waits no longer than so many milliseconds. */
  void callFor(int key, int millis) {
    Caller caller = new Caller(key, self, List.of(), ignored -> {});
    call(caller);
    sim.time.after(millis, () -> leave(caller));
  }

  private void leave(Caller caller) {
    event(
        () -> {
          if (!caller.done) {
            caller.done = true;
            sim.checker.left(caller);
            core.leave(caller);
          }
        });
  }

  void invalidate(@Nullable Integer key) {
    Invalidation caller = new Invalidation(key, sim.checker.invalidating(key, self));
    sim.note(() -> self + " invalidates " + (key == null ? "all" : key));
    feed(() -> core.invalidate(key, caller));
  }

  /** Of a key, or of all. */
  private record Invalidation(@Nullable Integer key, Object invalidating) {
    @Nullable List<Object> keys() {
      return key == null ? null : List.of(key);
    }
  }

  /** Invalidates the keys that the members tell of and that match, each by itself. */
  void invalidateMatching(Match match) {
    Object invalidating = sim.checker.invalidating(match, self);
    sim.note(() -> self + " invalidates " + match);
    Set<String> tags = match.tag == null ? null : Set.of(match.tag);
    feed(() -> core.collect(tags, new Matching(match, invalidating)));
  }

  private void collected(Matching matching, @Nullable Set<Object> found) {
    sim.note(() -> self + " collected " + (found == null ? "that it can't be told" : found));
    if (found == null) {
      matching.missing = 1;
      inbox.add(() -> core.invalidate(null, matching));
      return;
    }
    List<Object> keys = found.stream().filter(key -> matching.match.hasKey((Integer) key)).toList();
    matching.missing = keys.size();
    if (keys.isEmpty()) {
      sim.checker.invalidatedMatching(matching.match, matching.invalidating, null);
    }
    matching.keys = keys;
    for (Object key : keys) {
      inbox.add(() -> core.invalidate(key, matching));
    }
  }

  private void invalidated(Matching matching, @Nullable Object failure) {
    matching.missing--;
    matching.failed |= failure != null;
    if (matching.missing <= 0) {
      Object failed = matching.failed ? "not all" : failure;
      Following following = followingOf(matching.invalidating, matching.keys, failed);
      sim.checker.invalidatedMatching(matching.match, matching.invalidating, failed);
      follow(following);
    }
  }

  // ---- what was made of what was invalidated

  /** Null if nobody tracks that. */
  private @Nullable Following followingOf(
      Object invalidating, @Nullable List<Object> keys, @Nullable Object failure) {
    if (!sim.tracks || failure != null) {
      return null;
    }
    List<String> names = keys == null ? null : keys.stream().map(String::valueOf).toList();
    return new Following(
        new Cascade<>(rules, Dependencies.sought(MEMO, names)),
        sim.checker.following(invalidating, keys));
  }

  private void follow(@Nullable Following following) {
    if (following == null) {
      return;
    }
    Set<String> tags = following.cascade.next();
    if (tags == null) {
      sim.checker.followed(following.invalidating, following.failed ? "not all" : null);
    } else {
      inbox.add(() -> core.collect(tags, following));
    }
  }

  private void collected(Following following, @Nullable Set<Object> keys) {
    sim.note(() -> self + " found what was made of it: " + (keys == null ? "all" : keys));
    following.cascade.found(MEMO, keys);
    following.missing = keys == null ? 1 : keys.size();
    if (keys == null) {
      inbox.add(() -> core.invalidate(null, following));
    } else if (keys.isEmpty()) {
      follow(following);
    } else {
      keys.forEach(key -> inbox.add(() -> core.invalidate(key, following)));
    }
  }

  private void invalidated(Following following, @Nullable Object failure) {
    following.missing--;
    following.failed |= failure != null;
    if (following.missing <= 0) {
      follow(following);
    }
  }

  private static final class Following {
    final Cascade<String> cascade;
    final Object invalidating;
    int missing;
    boolean failed;

    Following(Cascade<String> cascade, Object invalidating) {
      this.cascade = cascade;
      this.invalidating = invalidating;
    }
  }

  /**
   * What an invalidation is about: results that have a tag, or keys that a predicate holds of.
   *
   * @param tag null for a predicate
   * @param key that the predicate holds of alone, null for all
   */
  record Match(@Nullable String tag, @Nullable Integer key) {
    boolean hasKey(int other) {
      return key == null || key == other;
    }
  }

  private static final class Matching {
    final Match match;
    final Object invalidating;
    @Nullable List<Object> keys;
    int missing;
    boolean failed;

    Matching(Match match, Object invalidating) {
      this.match = match;
      this.invalidating = invalidating;
    }
  }

  /** An event of this node's own, later than now: lost if it is down, late if it is paused. */
  private void event(Runnable action) {
    if (!stopped) {
      sim.net.whenAwake(self, () -> feed(action));
    }
  }

  private void feed(Runnable action) {
    if (stopped) {
      return;
    }
    inbox.add(action);
    if (handling) {
      return;
    }
    handling = true;
    for (Runnable next = inbox.poll(); next != null; next = inbox.poll()) {
      next.run();
    }
    handling = false;
    if (settledAt == Double.MAX_VALUE && core.isSettled()) {
      settledAt = sim.time.now();
      settledOnce = true;
      distrusts = false;
    }
  }

  // ---- effects

  private void perform(Effect effect) {
    if (stopped) {
      return;
    }
    sim.checker.observe(self, effect);
    sim.checker.epoch(core.epoch());
    if (effect instanceof Effect.Send send) {
      send(send);
    } else if (effect instanceof Effect.Read read) {
      later(1, 6, () -> found(read));
    } else if (effect instanceof Effect.Write write) {
      later(0, 2, () -> write(write));
    } else if (effect instanceof Effect.Bury bury) {
      later(0, 2, () -> bury(bury));
    } else if (effect instanceof Effect.Fill fill) {
      Env env = new Env((Result) fill.value().payload(), fill.epoch(), 0, expiry(fill.value()));
      if (env.expiresAt < Double.MAX_VALUE) {
        sim.checker.mayRunAgainOn(self, (Integer) fill.key());
      }
      nearly(
          () -> {
            near.put(fill.key(), env);
            core.filled(fill.request());
          });
    } else if (effect instanceof Effect.Drop drop) {
      nearly(
          () -> {
            Object key = drop.key();
            if (key == null) {
              near.values().removeIf(env -> env.epoch < core.epoch());
              core.dropped(drop, null);
            } else if (sim.time.chance(sim.storeFailing)) {
              core.dropped(drop, "not dropped");
            } else {
              if (near.remove(key) != null) {
                rules.made(Rule.FENCE_DROPS_COPY);
              }
              core.dropped(drop, null);
            }
          });
    } else if (effect instanceof Effect.Start start) {
      start(start);
    } else if (effect instanceof Effect.Deliver deliver) {
      deliver(deliver);
    } else if (effect instanceof Effect.Scan scan) {
      later(0, 4, () -> scan(scan));
    } else if (effect instanceof Effect.Chase chase) {
      inbox.add(() -> core.chase(chase.probe()));
    } else if (effect instanceof Effect.Cycle cycle) {
      inbox.add(() -> core.cycled(cycle.probe()));
    } else if (effect instanceof Effect.Collected collected) {
      if (collected.caller() instanceof Following following) {
        collected(following, collected.keys());
      } else {
        collected((Matching) collected.caller(), collected.keys());
      }
    } else if (effect instanceof Effect.Invalidated invalidated
        && invalidated.caller() instanceof Matching matching) {
      invalidated(matching, invalidated.failure());
    } else if (effect instanceof Effect.Invalidated invalidated
        && invalidated.caller() instanceof Following following) {
      invalidated(following, invalidated.failure());
    } else if (effect instanceof Effect.Invalidated invalidated) {
      sim.note(() -> self + " is told: invalidated");
      Invalidation of = (Invalidation) invalidated.caller();
      Following following = followingOf(of.invalidating, of.keys(), invalidated.failure());
      sim.checker.invalidated(of.invalidating, invalidated.failure());
      follow(following);
    } else if (effect instanceof Effect.AwaitSync await) {
      boolean goOn = ++syncAttempts > 40;
      sim.time.after(150, () -> event(() -> core.syncOverdue(await.stamp(), goOn)));
    }
  }

  private void send(Effect.Send send) {
    if (send.to().equals(self)) {
      inbox.add(() -> core.received(self, send.stamp(), send.message()));
      return;
    }
    sim.note(() -> self + " -> " + send.to() + " " + send.message());
    SimNode to = sim.node(send.to());
    if (to != null) {
      sim.net.send(
          self, to.self, () -> to.feed(() -> to.core.received(self, send.stamp(), send.message())));
    }
  }

  private void start(Effect.Start start) {
    Caller caller = (Caller) start.caller();
    if (caller.done) {
      inbox.add(() -> core.declined(start.token(), caller));
    } else {
      caller.computes = true;
      List<Member> view = members;
      acquirePermit(() -> run(start, caller, view));
    }
  }

  private void run(Effect.Start start, Caller caller, List<Member> view) {
    int key = (Integer) start.key();
    int version = sim.checker.started(start.token(), key, self, view);
    sim.note(() -> self + " runs " + key + " under " + start.token());
    List<Token> inside = new ArrayList<>();
    inside.add(start.token());
    inside.addAll(caller.ancestors);
    compute(new Work(start.token(), key, version, List.copyOf(inside), sim.tracks), 0);
  }

  /** Works for a while, then asks for the next key that it needs, or ends. */
  private void compute(Work work, int step) {
    int[] needs = sim.needs[work.key];
    boolean isLong = runsLong || sim.time.chance(0.05);
    int most = isLong ? 700 : needs.length > 0 ? 50 : 150;
    sim.time.after(
        sim.time.between(5, most),
        () ->
            event(
                () -> {
                  if (step == needs.length) {
                    end(work, sim.time.chance(sim.failing));
                    return;
                  }
                  boolean gives = rules.isOn(Rule.WAIT_WITHOUT_PERMIT);
                  if (gives) {
                    lend();
                  }
                  call(
                      new Caller(
                          needs[step],
                          self,
                          work.inside,
                          result -> goOn(gives, work, step, result)));
                }));
  }

  private void goOn(boolean gave, Work work, int step, @Nullable Result result) {
    if (result != null && work.read(needed(work, step), result, rules)) {
      rules.made(Rule.INHERIT_DEPENDENCIES);
    }
    Runnable next = result != null ? () -> compute(work, step + 1) : () -> end(work, true);
    if (gave) {
      lent--;
      acquirePermit(next);
    } else {
      next.run();
    }
  }

  private int needed(Work work, int step) {
    return sim.needs[work.key][step];
  }

  private void end(Work work, boolean failing) {
    releasePermit();
    sim.checker.ended(work.token, this);
    if (failing) {
      sim.checker.failed(work.key);
      boolean shared = sim.time.chance(0.5);
      inbox.add(() -> core.failed(work.token, "boom", shared));
    } else {
      Value value = new Value(work.result(), timeToLive(work.key), 0);
      inbox.add(() -> core.returned(work.token, value));
    }
    feed(() -> {});
  }

  /** A run that goes on. */
  private static final class Work {
    final Token token;
    final int key;
    final List<Token> inside;
    private final int version;
    private final int @Nullable [] of;
    private final Dependencies dependencies = new Dependencies();

    Work(Token token, int key, int version, List<Token> inside, boolean tracked) {
      this.token = token;
      this.key = key;
      this.version = version;
      this.inside = inside;
      this.of = tracked ? new int[MemoSim.KEYS] : null;
      if (of != null) {
        Arrays.fill(of, Result.NOTHING);
        of[key] = version;
      }
    }

    /** Returns whether it inherits something by that. */
    boolean read(int other, Result result, Rules rules) {
      if (of == null || result.of() == null) {
        return false;
      }
      for (int k = 0; k < of.length; k++) {
        of[k] = Math.min(of[k], result.of()[k]);
      }
      dependencies.read(MEMO, String.valueOf(other));
      return rules.isOn(Rule.INHERIT_DEPENDENCIES) && dependencies.inherit(result.tags());
    }

    Result result() {
      if (of == null) {
        return new Result(version, null, MemoSim.tags(key, version));
      }
      Set<String> tags = new HashSet<>(dependencies.tags());
      tags.addAll(MemoSim.tags(key, version));
      return new Result(version, of, tags);
    }
  }

  private void lend() {
    if (!forPermit.isEmpty()) {
      rules.made(Rule.WAIT_WITHOUT_PERMIT);
    }
    lent++;
    releasePermit();
  }

  private void acquirePermit(Runnable next) {
    if (permits > 0 && permits <= lent) {
      rules.made(Rule.WAIT_WITHOUT_PERMIT);
    }
    if (permits > 0) {
      permits--;
      next.run();
    } else {
      forPermit.add(next);
    }
  }

  private void releasePermit() {
    Runnable next = forPermit.poll();
    if (next == null) {
      permits++;
    } else {
      feed(next);
    }
  }

  private long timeToLive(int key) {
    if (sim.time.chance(sim.notKept)) {
      sim.checker.mayExpire(key);
      return Value.NOT_KEPT;
    }
    if (sim.tracks && key > 0 && sim.time.chance(0.3)) {
      return sim.time.between(20, 300); // what was made of it lives on
    }
    return (long) sim.timeToLive;
  }

  private void deliver(Effect.Deliver deliver) {
    Caller caller = (Caller) deliver.caller();
    caller.done = true;
    if (deliver.outcome() instanceof Effect.Returned returned) {
      sim.note(() -> self + " answers " + caller.key + " with " + returned.value().payload());
      sim.checker.answered(caller, (Result) returned.value().payload());
    } else {
      sim.note(() -> self + " fails " + caller.key + ": " + deliver.outcome());
      sim.checker.answered(caller, null);
    }
    Result result =
        deliver.outcome() instanceof Effect.Returned returned
            ? (Result) returned.value().payload()
            : null;
    inbox.add(() -> caller.then.accept(result));
  }

  // ---- the store

  private void found(Effect.Read read) {
    if (sim.time.chance(sim.storeFailing)) {
      feed(() -> core.notFound(read.operation(), "not read"));
      return;
    }
    Env env = sim.store.read(self, view, read.key());
    feed(() -> core.found(read.operation(), stored(env)));
  }

  private void scan(Effect.Scan scan) {
    if (sim.time.chance(sim.storeFailing)) {
      feed(() -> core.scanned(scan.to(), scan.scan(), null));
      return;
    }
    Set<String> tags = scan.tags();
    Set<Object> keys = new LinkedHashSet<>();
    for (int key = 0; key < MemoSim.KEYS; key++) {
      Env here = sim.kind == Kind.INVALIDATED ? near.get(key) : sim.store.copy(self, key);
      Result result = here == null ? null : here.result;
      if (result != null && (tags == null || !Collections.disjoint(result.tags(), tags))) {
        keys.add(key);
      }
    }
    if (keys.addAll(scan.inFlight())) {
      rules.made(tags == null ? Rule.SCAN_IN_FLIGHT : Rule.IN_FLIGHT_HAS_EVERY_TAG);
    }
    List<Object> told = List.copyOf(keys);
    feed(() -> core.scanned(scan.to(), scan.scan(), told));
  }

  private void write(Effect.Write write) {
    sim.checker.writing(self, write);
    if (write.seenKnown()) {
      write(write, write.seen());
    } else {
      writeIfNone(write, stored(sim.store.read(self, view, write.key())));
    }
  }

  private void writeIfNone(Effect.Write write, @Nullable Stored there) {
    Token token = write.token();
    boolean live = there != null && there.value() != null && there.epoch() >= core.epoch();
    if (!live && there != null && there.fence() > token.fence()) {
      rules.made(Rule.LEAVE_TOMBSTONE);
    }
    if (live || (there != null && there.fence() > token.fence())) {
      feed(() -> core.written(write.operation(), false, there));
    } else {
      write(write, there);
    }
  }

  private void write(Effect.Write write, @Nullable Stored seen) {
    Token token = write.token();
    Value value = write.value();
    Env env = new Env((Result) value.payload(), token.epoch(), token.fence(), expiry(value));
    if (env.expiresAt < Double.MAX_VALUE) {
      sim.checker.mayExpire((Integer) write.key());
    }
    Object expected = seen == null ? null : seen.handle();
    boolean fails = sim.time.chance(sim.storeFailing);
    if (fails && sim.time.chance(0.5)) {
      sim.checker.failed((Integer) write.key());
      notWritten(write);
      return;
    }
    sim.store.write(
        self,
        write.key(),
        env,
        there -> isDue(write, there, expected),
        result ->
            event(
                () -> {
                  if (fails) {
                    notWritten(write);
                    return;
                  }
                  sim.checker.wrote(self, write);
                  if (result.stored() || write.seenKnown()) {
                    core.written(write.operation(), result.stored(), stored(result.there()));
                  } else {
                    writeIfNone(write, stored(result.there()));
                  }
                }));
  }

  private boolean isDue(Effect.Write write, @Nullable Env there, @Nullable Object expected) {
    Env stands = unexpired(there);
    if (expected == null && stands != null && stands.result == null) {
      rules.made(Rule.LEAVE_TOMBSTONE); // there would be nothing
    }
    if (expected == null
        && stands == null
        && there != null
        && there.fence > write.token().fence()) {
      sim.checker.entryLost((Integer) write.key()); // what took the tombstone's place has ended
    }
    return !write.conditional() || stands == expected;
  }

  /** Whether it was is not known here. */
  private void notWritten(Effect.Write write) {
    sim.checker.wrote(self, write);
    feed(() -> core.notWritten(write.operation()));
  }

  private void bury(Effect.Bury bury) {
    bury(bury, unexpired(sim.store.read(self, view, bury.key())));
  }

  private void bury(Effect.Bury bury, @Nullable Env there) {
    long fence = there == null ? 1 : there.fence + 1;
    Env tombstone = bury.tombstone() ? new Env(null, bury.epoch(), fence, Double.MAX_VALUE) : null;
    boolean fails = sim.time.chance(sim.storeFailing);
    if (fails && sim.time.chance(0.5)) {
      feed(() -> core.notBuried(bury.operation(), "not buried"));
      return;
    }
    sim.store.write(
        self,
        bury.key(),
        tombstone,
        now -> unexpired(now) == there && buries(bury),
        result ->
            event(
                () -> {
                  if (fails) {
                    core.notBuried(bury.operation(), "not known to be buried");
                  } else if (result.stored()) {
                    core.buried(bury.operation(), stored(tombstone));
                  } else {
                    bury(bury, unexpired(result.there()));
                  }
                }));
  }

  /** Late, from a home that is none any more, it is in the way of a run that is not fenced. */
  private boolean buries(Effect.Bury bury) {
    if (stopped || !core.isHome(bury.key())) {
      sim.checker.failed((Integer) bury.key());
    }
    return true;
  }

  private @Nullable Stored stored(@Nullable Env env) {
    Env there = unexpired(env);
    if (there == null) {
      return null;
    }
    Result result = there.result;
    return new Stored(
        there, result == null ? null : new Value(result, 0, 0), there.epoch, there.fence);
  }

  private @Nullable Env unexpired(@Nullable Env env) {
    return env != null && env.expiresAt > sim.time.now() ? env : null;
  }

  private boolean isLive(Env env) {
    return env.result != null && env.expiresAt > sim.time.now();
  }

  private double expiry(Value value) {
    if (!value.isKept()) {
      return sim.time.now() + 1;
    }
    return value.timeToLive() == 0 ? Double.MAX_VALUE : sim.time.now() + value.timeToLive();
  }

  private void later(int low, int high, Runnable action) {
    sim.time.after(sim.time.between(low, high), () -> event(action));
  }

  /** Local copies are kept and dropped in the order that was asked for. */
  private void nearly(Runnable action) {
    nearBusyUntil = Math.max(nearBusyUntil, sim.time.now() + sim.time.between(0, 4)) + 0.001;
    sim.time.at(nearBusyUntil, () -> event(action));
  }

  /** One call. */
  static final class Caller {
    final int key;
    final Member on;
    final List<Token> ancestors;
    final Consumer<@Nullable Result> then;
    int atLeast;
    int atLeastByKey;
    Map<String, Integer> atLeastByTag = Map.of();
    int @Nullable [] atLeastMadeOf;
    double calledAt;
    boolean computes;
    boolean done;

    /**
     * @param then hears what it got, null for a failure
     */
    Caller(int key, Member on, List<Token> ancestors, Consumer<@Nullable Result> then) {
      this.key = key;
      this.on = on;
      this.ancestors = ancestors;
      this.then = then;
    }
  }
}
