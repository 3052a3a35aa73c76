/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * Finds runs that wait for each other, across threads, memos and members, by edge chasing (Chandy,
 * Misra and Haas, 1983).
 *
 * <p>A caller that is itself in a run waits for the run of another key. When it begins to, a probe
 * goes along: to the run that is waited for, to what that run waits for, and so on, from a home,
 * which knows who runs, to the member that does, which knows what that run waits for. A probe that
 * comes back to a run of its own caller has found a cycle, and the caller is released. Whichever
 * wait of a cycle begins last finds all others in place, so no cycle goes unseen; one that a change
 * of the configuration loses is sent again in the next.
 *
 * <p>Each wait passes each chase on once. A run waits with all runs that it is nested in, so a
 * probe comes to it by as many ways as there are subsets of them: to pass on each would double the
 * work with each level of a recursion. A wait that is asked for anew is chased anew: what it waits
 * for may be another run, that meets the same waits.
 *
 * <p>Waits that don't come from a run cost nothing: nobody can wait for them.
 */
final class Waits {
  private final MemoCore core;
  private final Rules rules;
  private final Map<Object, Wait> byCaller = new LinkedHashMap<>();
  private final Map<Long, Wait> byNumber = new LinkedHashMap<>();

  Waits(MemoCore core, Rules rules) {
    this.core = core;
    this.rules = rules;
  }

  /**
   * @param chain the runs that the caller is in, the outermost first
   * @param passed the chases that it has passed on
   */
  record Wait(long number, Object caller, Flight flight, List<Token> chain, Set<Chase> passed) {
    /** More would be a leak in a wait for days; what is forgotten is passed on once more. */
    private static final int MOST_PASSED = 10_000;

    boolean isFirst(Probe probe) {
      if (passed.size() == MOST_PASSED) {
        passed.clear();
      }
      return passed.add(new Chase(probe.asker, probe.chase));
    }
  }

  private record Chase(Member asker, long number) {}

  // ---- on the caller's member

  /**
   * A caller joins a flight.
   *
   * @param ancestors the runs that it is in, the innermost first
   */
  void begin(Object caller, Flight flight, List<Token> ancestors) {
    if (!ancestors.isEmpty()) {
      List<Token> chain = new ArrayList<>(ancestors);
      Collections.reverse(chain);
      Wait wait = new Wait(core.nextNumber(), caller, flight, List.copyOf(chain), new HashSet<>());
      byCaller.put(caller, wait);
      byNumber.put(wait.number, wait);
    }
  }

  void end(Object caller) {
    Wait wait = byCaller.remove(caller);
    if (wait != null) {
      byNumber.remove(wait.number);
    }
  }

  @Nullable Wait of(Object caller) {
    return byCaller.get(caller);
  }

  /** Those of a flight, the first of them first: its probe goes with the flight's request. */
  List<Wait> of(Flight flight) {
    return byCaller.isEmpty()
        ? List.of()
        : flight.callers.stream().map(byCaller::get).filter(Objects::nonNull).toList();
  }

  /** Begins to chase what the caller waits for. */
  void probe(Wait wait) {
    probe(wait.flight, chaseOf(wait));
  }

  Probe chaseOf(Wait wait) {
    return new Probe(core.self(), wait.number, core.nextNumber(), wait.chain);
  }

  /** In a new configuration: the probes that don't go with a request. */
  void installed() {
    for (Wait wait : byCaller.values()) {
      if (wait.flight.state != Flight.State.WAITING) {
        probe(wait);
      }
    }
  }

  /** Follows a probe from its last run, if that is on this member, to what the run waits for. */
  void chase(Probe probe) {
    Token last = probe.chain.get(probe.chain.size() - 1);
    for (Wait wait : new ArrayList<>(byCaller.values())) {
      int at = wait.chain.indexOf(last);
      if (at >= 0 && wait.isFirst(probe)) {
        Probe next = probe;
        for (Token inner : wait.chain.subList(at + 1, wait.chain.size())) {
          next = next.to(inner);
        }
        probe(wait.flight, next);
      }
    }
  }

  private void probe(Flight flight, Probe probe) {
    Token token = flight.token;
    if (flight.state == Flight.State.WAITING) {
      core.toHome(new Message.Probe(flight.key, probe));
    } else if (token != null && !closes(probe, token)) {
      core.emit(new Effect.Chase(probe.to(token)));
    }
  }

  /** The wait's caller, if it waits still and the cycle is one of its own runs. */
  @Nullable Wait cycled(Probe probe) {
    Wait wait = byNumber.get(probe.number);
    Token back = probe.chain.get(probe.chain.size() - 1);
    return wait != null && wait.chain.contains(back) ? wait : null;
  }

  // ---- on a home

  /** Passes a probe on to the member that runs what it has come to. */
  void pass(Probe probe, Token token, Member leader) {
    if (!closes(probe, token)) {
      core.send(leader, new Message.Chase(probe.to(token)));
    }
  }

  private boolean closes(Probe probe, Token token) {
    if (!probe.chain.contains(token)) {
      return false;
    }
    if (rules.isOn(Rule.REFUSE_CYCLES)) {
      core.send(probe.asker, new Message.Cycle(probe.to(token)));
    }
    return true;
  }

  /**
   * A chase under way.
   *
   * @param asker the member of the caller whose wait began it
   * @param number that wait's number on its member
   * @param chase this chase's number there
   * @param chain who waits for whom: the runs that the caller is in, then those that it came to
   */
  record Probe(Member asker, long number, long chase, List<Token> chain) {
    Probe to(Token next) {
      List<Token> longer = new ArrayList<>(chain);
      longer.add(next);
      return new Probe(asker, number, chase, List.copyOf(longer));
    }

    /** The same with the last run's own name. */
    Probe named(Token last) {
      return new Probe(asker, number, chase, chain.subList(0, chain.size() - 1)).to(last);
    }
  }
}
