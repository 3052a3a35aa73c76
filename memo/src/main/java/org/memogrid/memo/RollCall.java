/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * In each configuration every member tells every other what it runs and what it knows (R2): whom
 * this member has heard, and what follows when it has heard all.
 *
 * <p>Invariant: a home is ready for a key only if it has heard all members of this configuration,
 * or of an earlier one since which the key was at home here all along.
 */
final class RollCall {
  private final MemoCore core;
  private final Rules rules;
  private final Lineage lineage;
  private final FlightTable flights;
  private final LeaseTable leases;

  /**
   * The last configuration in which all members were heard, and all since. A key that was at home
   * here in each of them never had another home, so its entry is complete.
   */
  private final List<Configuration> unbroken = new ArrayList<>();

  private final Map<Member, Message.Sync> heard = new HashMap<>();
  private final Set<Token> abandoned = new HashSet<>();
  private long epochBefore;
  private boolean heardAll;
  private volatile boolean everHeardAll;
  private long timeouts;

  RollCall(MemoCore core, Rules rules, Lineage lineage, FlightTable flights, LeaseTable leases) {
    this.core = core;
    this.rules = rules;
    this.lineage = lineage;
    this.flights = flights;
    this.leases = leases;
  }

  /**
   * The next configuration has been installed. {@link #tell} follows.
   *
   * @param apart whether members of it may have lived apart from this one
   */
  void begin(@Nullable Configuration last, Configuration next, boolean apart) {
    if (apart) {
      heardAll = false;
      everHeardAll = false;
      unbroken.clear();
    } else if (heardAll) {
      unbroken.clear();
      if (last != null) {
        unbroken.add(last);
      }
    }
    if (heardAll || !unbroken.isEmpty()) {
      unbroken.add(next);
    }
    epochBefore = core.epoch();
    heardAll = false;
    heard.clear();
    abandoned.clear();
  }

  /**
   * @param answer whether they are to answer, since they were not heard yet
   */
  void tell(List<Member> members, boolean answer) {
    Message.Apart apart =
        new Message.Apart(lineage.untold(), lineage.isAllUntold(), lineage.hasSettled());
    Message.Sync sync =
        new Message.Sync(flights.held(), epochBefore, apart, lineage.departed(), answer);
    members.forEach(member -> core.send(member, sync));
  }

  /** Asks again those who were not heard, or goes on without them. */
  void overdue(Configuration now, boolean goOn) {
    if (heardAll) {
      return;
    }
    if (goOn) {
      timeouts++;
      allHeard(now);
      return;
    }
    List<Member> missing = new ArrayList<>(now.members());
    missing.removeAll(heard.keySet());
    tell(missing, true);
    core.emit(new Effect.AwaitSync(now.stamp()));
  }

  void onSync(Member from, Message.Sync sync, Configuration now) {
    core.raiseEpoch(sync.epoch());
    if (sync.answer()) {
      tell(List.of(from), false);
    }
    if (heard.putIfAbsent(from, sync) == null) {
      leases.onSync(from, sync, now);
    }
    if (!heardAll && heard.keySet().containsAll(now.members())) {
      allHeard(now);
    }
  }

  /** A member that has no memos has nothing to tell. */
  void lacking(Member member, Configuration now) {
    Message.Apart apart = new Message.Apart(List.of(), false, false);
    onSync(member, new Message.Sync(List.of(), 0, apart, Map.of(), false), now);
  }

  /** A run that was told of has been given up since. */
  void abandoned(Token token) {
    abandoned.add(token);
  }

  private void allHeard(Configuration now) {
    Set<Object> untold = learnUntold(now);
    Map<Object, NavigableMap<Token, Member>> running = new LinkedHashMap<>();
    heard.forEach(
        (member, sync) -> {
          for (Message.Held held : sync.held()) {
            if (core.isHome(held.key())
                && !isReady(held.key())
                && !untold.contains(held.key())
                && !core.isOld(held.token())
                && !abandoned.contains(held.token())) {
              running.computeIfAbsent(held.key(), k -> new TreeMap<>()).put(held.token(), member);
            }
          }
        });
    unbroken.clear();
    unbroken.add(now);
    heardAll = true;
    everHeardAll = true;
    leases.rebuild(running, now);
    for (Object key : untold) {
      flights.fenceBefore(key, now.stamp().id());
      if (core.isHome(key)) {
        rules.made(Rule.EXCHANGE_INVALIDATIONS);
        leases.bury(key);
      }
    }
    core.replayUnready();
  }

  /**
   * Returns the keys that a member says were invalidated while others were away. If it can't say
   * which, all are: every member raises the epoch to the same number, since what the others tell of
   * is their epoch when they installed the configuration.
   */
  private Set<Object> learnUntold(Configuration now) {
    Set<Object> untold = new LinkedHashSet<>();
    boolean all = false;
    boolean anySettled = false;
    boolean anyLeft = false;
    long highest = 0;
    for (Message.Sync sync : heard.values()) {
      untold.addAll(sync.apart().keys());
      all |= sync.apart().all();
      anySettled |= sync.apart().settled();
      anyLeft |= !sync.departed().isEmpty();
      highest = Math.max(highest, sync.epoch());
      lineage.learn(sync.departed(), now);
    }
    lineage.settled(untold, now);
    // Joiners who lost all they joined, before these told them anything, know of no invalidation.
    if (all || (anyLeft && !anySettled)) {
      core.raiseEpoch(highest + 1);
    }
    return untold;
  }

  /** Whether this member knows all about the key, as its home. */
  boolean isReady(Object key) {
    if (!core.isHome(key)) {
      return false;
    }
    if (heardAll) {
      return true;
    }
    for (Configuration since : unbroken) {
      if (!since.home(key).equals(core.self())) {
        return !rules.isOn(Rule.SYNC_BEFORE_SERVING);
      }
    }
    return !unbroken.isEmpty() || !rules.isOn(Rule.SYNC_BEFORE_SERVING);
  }

  /** Whether all members of this configuration were heard. */
  boolean isComplete() {
    return heardAll;
  }

  /**
   * Whether all members of some configuration were heard, and again if any may have lived apart
   * since. Any thread may ask.
   */
  boolean everWasComplete() {
    return everHeardAll;
  }

  /** How often it went on without some. */
  long timeouts() {
    return timeouts;
  }
}
