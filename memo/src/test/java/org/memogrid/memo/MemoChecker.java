/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.testkit.sim.SimViews;

/**
 * Sees the simulation from outside and checks the contract.
 *
 * <ul>
 *   <li>I1: no two unfenced runs of a key at the same time, on members of the view
 *   <li>I2: runs &lt;= 1 + lost leaders + fences + expiries + failures + refreshes + runs that
 *       nobody waited for any more + homes that lose the key while they invalidate it, per key; and
 *       once more for each side when a cluster is cut, and when it is one again. In INVALIDATED,
 *       where each member keeps what it has for itself, the same for each member
 *   <li>I3: a call gets no value older than the last invalidation that was confirmed before it, was
 *       that by key, for all keys, by predicate or by a tag that the value has
 *   <li>I4: every call and every invalidation on a member of the view ends
 *   <li>I5: a call gets no value that was made of what was invalidated before it, by key or for all
 *       keys or as something that matches, once what was made of that has been followed
 * </ul>
 */
final class MemoChecker {
  private final MemoSim sim;
  private final List<String> violations = new ArrayList<>();
  private final int[] source = new int[MemoSim.KEYS];
  private final Map<Member, int[]> confirmed = new HashMap<>();
  private final Map<Member, int[]> matched = new HashMap<>();
  private final Map<String, Map<Member, int[]>> tagged = new HashMap<>();
  private final Map<Member, int[]> followed = new HashMap<>();
  private final int[] runs = new int[MemoSim.KEYS];
  private final int[] allowed = new int[MemoSim.KEYS];
  private final Map<Member, int[]> runsOn = new HashMap<>();
  private final Map<Member, int[]> allowedOn = new HashMap<>();
  private final Map<Token, Running> active = new LinkedHashMap<>();
  private final Map<Token, Running> everything = new LinkedHashMap<>();
  private final Map<Member, Map<Integer, Double>> burials = new HashMap<>();
  private final boolean[] lostEntries = new boolean[MemoSim.KEYS];
  private final double[] lostAt = new double[MemoSim.KEYS];
  private final double[] trustedSince = new double[MemoSim.KEYS];
  private final Map<Token, Running> unacknowledged = new HashMap<>();
  private final Map<Token, Integer> granted = new HashMap<>();
  private final Map<Token, Integer> refreshes = new HashMap<>();
  private final Set<Token> fenced = new HashSet<>();
  private final Set<Member> lost = new HashSet<>();
  private final Set<Object> refreshed = Collections.newSetFromMap(new IdentityHashMap<>());
  private final IdentityHashMap<Effect.Write, Member> writing = new IdentityHashMap<>();
  private final boolean[] leftBehind = new boolean[MemoSim.KEYS];
  private boolean unfindable;
  private final Set<SimNode.Caller> waiting = new LinkedHashSet<>();
  private final Set<Invalidating> invalidations = new LinkedHashSet<>();
  private long epochs;
  int calls;
  int answers;

  /** How often an entry was lost and I3 holds again, since it was invalidated once more. */
  int trusted;

  MemoChecker(MemoSim sim) {
    this.sim = sim;
    java.util.Arrays.fill(allowed, 1);
  }

  List<String> violations() {
    return violations;
  }

  int runs() {
    int sum = 0;
    for (int count : runs) {
      sum += count;
    }
    return sum;
  }

  boolean isLost(Member member) {
    return lost.contains(member);
  }

  // ---- callers

  /**
   * What a call on the member must not be older than: the invalidations confirmed to a member of
   * its view, and those that the members of a new view knew of when it installed that.
   */
  private static int[] of(Map<Member, int[]> where, Member member) {
    return where.computeIfAbsent(member, m -> new int[MemoSim.KEYS]);
  }

  void installed(Member member, SimViews.View view) {
    for (Member other : view.members()) {
      SimNode node = sim.node(other);
      if (node == null || node.view <= view.id()) { // what came later may be of another view
        raise(of(confirmed, member), of(confirmed, other));
        raise(of(matched, member), of(matched, other));
        raise(of(followed, member), of(followed, other));
        tagged.values().forEach(where -> raise(of(where, member), of(where, other)));
      }
    }
    if (view.equals(sim.views.of(member))) {
      lost.remove(member);
    }
  }

  private static void raise(int[] to, int[] atLeast) {
    for (int k = 0; k < MemoSim.KEYS; k++) {
      to[k] = Math.max(to[k], atLeast[k]);
    }
  }

  void called(SimNode.Caller caller) {
    calls++;
    caller.calledAt = sim.time.now();
    caller.atLeastByKey = of(confirmed, caller.on)[caller.key];
    caller.atLeast = Math.max(caller.atLeastByKey, of(matched, caller.on)[caller.key]);
    caller.atLeastByTag = new HashMap<>();
    tagged.forEach((tag, where) -> caller.atLeastByTag.put(tag, of(where, caller.on)[caller.key]));
    if (sim.tracks) {
      caller.atLeastMadeOf = of(followed, caller.on).clone();
    }
    waiting.add(caller);
  }

  void left(SimNode.Caller caller) {
    waiting.remove(caller);
  }

  /** One run more, however many ask for the same entry to be replaced. */
  void mayRefresh(int key, Object entry) {
    if (refreshed.add(entry)) {
      allowed[key]++;
    }
  }

  /** {@code result} is null for a failure. */
  void answered(SimNode.Caller caller, MemoSim.@Nullable Result result) {
    waiting.remove(caller);
    answers++;
    if (result != null) {
      requireFresh(caller, result.version());
      requireMadeOfFresh(caller, result);
    }
  }

  private void requireFresh(SimNode.Caller caller, int version) {
    if (!lostEntries[caller.key]
        && caller.calledAt >= trustedSince[caller.key]
        && version < atLeast(caller, version)
        && sim.views.has(caller.on)
        && !lost.contains(caller.on)) {
      violate(
          "I3 stale",
          caller.on
              + " got "
              + version
              + " of key "
              + caller.key
              + ", invalidated up to "
              + atLeast(caller, version));
    }
  }

  /** Not in lives in which a write came late, or may have come, that no search could find. */
  private void requireMadeOfFresh(SimNode.Caller caller, MemoSim.Result result) {
    int[] of = result.of();
    int[] atLeast = caller.atLeastMadeOf;
    if (of == null
        || atLeast == null
        || unfindable
        || !sim.views.has(caller.on)
        || lost.contains(caller.on)) {
      return;
    }
    for (int k = 0; k < MemoSim.KEYS; k++) {
      if (k != caller.key && of[k] < atLeast[k]) {
        violate(
            "I5 made of stale",
            caller.on
                + " got key "
                + caller.key
                + ", made of "
                + of[k]
                + " of key "
                + k
                + ", invalidated up to "
                + atLeast[k]);
      }
    }
  }

  private int atLeast(SimNode.Caller caller, int version) {
    if (leftBehind[caller.key]) {
      return caller.atLeastByKey;
    }
    int byTag = caller.atLeastByTag.getOrDefault(MemoSim.tag(caller.key, version), 0);
    return Math.max(caller.atLeast, byTag);
  }

  Object invalidating(SimNode.Match match, Member by) {
    return invalidating(match.key(), by);
  }

  Object invalidating(@Nullable Integer key, Member by) {
    int[] upTo = new int[MemoSim.KEYS];
    for (int k = 0; k < MemoSim.KEYS; k++) {
      if (key == null || key == k) {
        upTo[k] = ++source[k];
      }
    }
    Invalidating invalidating = new Invalidating(by, upTo, sim.time.now());
    invalidations.add(invalidating);
    return invalidating;
  }

  void invalidated(Object caller, @Nullable Object failure) {
    Invalidating invalidating = (Invalidating) caller;
    if (confirm(invalidating, failure, confirmed)) {
      trust(invalidating);
    }
  }

  /** What stood against late writes was lost, and is there again. */
  private void trust(Invalidating invalidating) {
    for (int k = 0; k < MemoSim.KEYS; k++) {
      if (lostEntries[k] && invalidating.upTo[k] > 0 && invalidating.begun > lostAt[k]) {
        lostEntries[k] = false;
        trustedSince[k] = sim.time.now();
        trusted++;
      }
    }
  }

  /**
   * What was made of what it is about is looked for and invalidated too.
   *
   * @param keys that it has invalidated, null for all
   */
  Object following(Object caller, @Nullable List<Object> keys) {
    Invalidating of = (Invalidating) caller;
    int[] upTo = of.upTo.clone();
    for (int k = 0; keys != null && k < MemoSim.KEYS; k++) {
      upTo[k] = keys.contains(k) ? upTo[k] : 0;
    }
    Invalidating following = new Invalidating(of.by, upTo, of.begun);
    invalidations.add(following);
    return following;
  }

  void followed(Object following, @Nullable Object failure) {
    var unused = confirm((Invalidating) following, failure, followed);
  }

  private boolean confirm(
      Invalidating invalidating, @Nullable Object failure, Map<Member, int[]> where) {
    invalidations.remove(invalidating);
    SimNode by = sim.node(invalidating.by);
    if (failure != null || by == null || lost.contains(invalidating.by)) {
      return false;
    }
    by.members.forEach(member -> raise(of(where, member), invalidating.upTo));
    return true;
  }

  /**
   * An invalidation of what matches knows as little as anybody of a write that only a lost home
   * knew of: its key may have been missed.
   */
  void invalidatedMatching(SimNode.Match match, Object caller, @Nullable Object failure) {
    String tag = match.tag();
    Map<Member, int[]> where =
        tag == null ? matched : tagged.computeIfAbsent(tag, t -> new HashMap<>());
    var unused = confirm((Invalidating) caller, failure, where);
  }

  void writing(Member by, Effect.Write write) {
    writing.put(write, by);
    if (isOut(by)) {
      leaveBehind((Integer) write.key());
    }
  }

  private void leaveBehind(int key) {
    leftBehind[key] = true;
    unfindable = true;
  }

  void wrote(Member by, Effect.Write write) {
    writing.remove(write, by);
  }

  // ---- runs

  /**
   * Returns what the source holds.
   *
   * @param view the members that {@code on} knew when it was granted the run
   */
  int started(Token token, int key, Member on, List<Member> view) {
    if (isOut(on)) {
      allowed[key]++;
    }
    active.forEach(
        (other, running) -> {
          if (running.key == key
              && !isOut(on)
              && !isOut(running.on)
              && view.contains(running.on)
              && running.view.contains(on)
              && !isFenced(token)
              && !isFenced(other)) {
            violate(
                "I1 overlap",
                "key " + key + ": " + other + " on " + running.on + ", " + token + " on " + on);
          }
        });
    active.put(token, new Running(key, on, view));
    everything.put(token, new Running(key, on, view));
    runs[key]++;
    of(runsOn, on)[key]++;
    return source[key];
  }

  /** Two that began apart must not both have gone on for long in one view. */
  void ended(Token token, SimNode node) {
    Running own = everything.remove(token);
    everything.forEach(
        (other, running) -> {
          SimNode there = sim.node(running.on);
          if (own != null
              && running.key == own.key
              && there != null
              && haveMet(node, there)
              && !isFenced(token)
              && !isFenced(other)) {
            violate(
                "I1 overlap",
                "key "
                    + own.key
                    + ": "
                    + token
                    + " on "
                    + node.self
                    + " ended while "
                    + other
                    + " went on, on "
                    + running.on);
          }
        });
    Running running = active.remove(token);
    if (running != null) {
      unacknowledged.put(token, running);
    }
  }

  private boolean haveMet(SimNode one, SimNode other) {
    double since = sim.time.now() - 400; // longer than any pause and message
    return one.view == other.view
        && one.members.equals(other.members)
        && one.members.stream()
            .allMatch(
                m -> {
                  SimNode node = sim.node(m);
                  return node != null && node.view == one.view && node.settledAt < since;
                });
  }

  /** Each side may run what the other runs or has, when the cluster is cut, and again later. */
  void cut() {
    for (int k = 0; k < MemoSim.KEYS; k++) {
      allowed[k]++;
    }
    active.values().forEach(running -> allowed[running.key]++);
    unacknowledged.values().forEach(running -> allowed[running.key]++);
  }

  /** All who held it went: it may be a tombstone, so a late write may stand. */
  void entryLost(int key) {
    allowed[key]++;
    lostEntries[key] = true;
    unfindable = true;
    lostAt[key] = sim.time.now();
  }

  void failed(int key) {
    allowed[key]++;
  }

  void mayExpire(int key) {
    allowed[key]++;
  }

  /** Of what the member keeps for itself. */
  void mayRunAgainOn(Member member, int key) {
    of(allowedOn, member)[key]++;
  }

  void lost(Member member) {
    lost.add(member);
    everything.values().removeIf(running -> running.on.equals(member) && sim.node(member) == null);
    writing.forEach(
        (write, by) -> {
          if (by.equals(member)) {
            leaveBehind((Integer) write.key());
          }
        });
    // A home lost while it invalidates may have fenced one of two runs and refuse the other.
    burials
        .getOrDefault(member, Map.of())
        .forEach(
            (key, since) -> {
              if (since > sim.time.now() - 100) {
                allowed[key]++;
              }
            });
    active.values().removeIf(running -> forgive(running, member));
    unacknowledged.values().removeIf(running -> forgive(running, member));
  }

  private boolean forgive(Running running, Member member) {
    if (running.on.equals(member)) {
      allowed[running.key]++;
      return true;
    }
    return false;
  }

  /** Learns what homes grant, fence and acknowledge. */
  void observe(Member by, Effect effect) {
    if (effect instanceof Effect.Bury bury) {
      burials.computeIfAbsent(by, m -> new HashMap<>()).put((Integer) bury.key(), sim.time.now());
      fence((Integer) bury.key());
    } else if (effect instanceof Effect.Stop stop) {
      allowed[granted.getOrDefault(stop.token(), 0)]++;
    } else if (effect instanceof Effect.Send send) {
      Message message = send.message();
      if (message instanceof Message.Grant grant) {
        granted.put(grant.token(), (Integer) grant.key());
      } else if (message instanceof Message.Fence fence && send.to().equals(by)) {
        if (sim.kind == MemoSim.Kind.INVALIDATED) {
          fence((Integer) fence.key());
        }
      } else if (message instanceof Message.FenceOne one) {
        fenced.add(one.token());
      } else if (message instanceof Message.Abandon abandon) {
        fenced.add(abandon.token());
      } else if (message instanceof Message.Complete complete && complete.seen() != null) {
        refreshes.put(complete.token(), (Integer) complete.key());
      } else if (message instanceof Message.CompleteAck ack) {
        // A home that took a refresh over knows what it is to replace from its caller alone, who
        // does not know that a tombstone is in its place.
        Integer key = refreshes.remove(ack.token());
        if (key != null && !ack.accepted()) {
          allowed[key]++;
        }
        unacknowledged.remove(ack.token());
      }
    }
  }

  private void fence(int key) {
    allowed[key]++;
    granted.forEach(
        (token, k) -> {
          if (k == key) {
            fenced.add(token);
          }
        });
  }

  /**
   * A member has raised its epoch: all that began before is fenced. Each number is an invalidation
   * of its own, though a member may hear of two at once.
   */
  void epoch(long epoch) {
    if (epoch > epochs) {
      for (int k = 0; k < MemoSim.KEYS; k++) {
        allowed[k] += (int) (epoch - epochs);
      }
      epochs = epoch;
    }
  }

  private boolean isFenced(Token token) {
    return fenced.contains(token) || token.epoch() < epochs;
  }

  private boolean isOut(Member member) {
    return lost.contains(member) || !sim.views.has(member);
  }

  // ---- the end

  void atTheEnd(SimNode node) {
    for (SimNode.Caller caller : waiting) {
      if (caller.on.equals(node.self) && !caller.done) {
        violate("I4 stuck", "a call of key " + caller.key + " on " + node.self);
      }
    }
    for (Invalidating invalidating : invalidations) {
      if (invalidating.by.equals(node.self)) {
        violate("I4 stuck", "an invalidation on " + node.self);
      }
    }
    if (!node.core.isSettled()) {
      violate("I4 stuck", node.self + " never heard all members");
    }
    if (node.core.leased() > 0) {
      violate("I4 stuck", node.self + " still holds " + node.core.leased() + " leases");
    }
    for (int k = 0; k < MemoSim.KEYS; k++) {
      if (sim.kind != MemoSim.Kind.INVALIDATED) {
        requireFew("key " + k, runs[k], allowed[k]);
        allowed[k] = Math.max(allowed[k], runs[k]);
      } else {
        int most = allowed[k] + of(allowedOn, node.self)[k];
        requireFew("key " + k + " on " + node.self, of(runsOn, node.self)[k], most);
      }
    }
  }

  private void requireFew(String what, int counted, int most) {
    if (counted > most) {
      violate("I2 runs", what + ": " + counted + " runs, allowed " + most);
    }
  }

  private void violate(String invariant, String what) {
    String violation = invariant + ": " + what + " at " + sim.time.now();
    violations.add(violation);
    sim.note(() -> "*** " + violation);
  }

  private record Running(int key, Member on, List<Member> view) {}

  /** One invalidation, compared by identity. */
  private static final class Invalidating {
    final Member by;
    final int[] upTo;
    final double begun;

    Invalidating(Member by, int[] upTo, double begun) {
      this.by = by;
      this.upTo = upTo;
      this.begun = begun;
    }
  }
}
