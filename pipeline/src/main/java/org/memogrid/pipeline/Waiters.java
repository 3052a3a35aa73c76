/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Who waits on this member for results. Each is told once. Not thread-safe. */
final class Waiters<T> {
  private static final long LOOK_AGAIN = 200;
  private static final long LOOK_SELDOM = 2_000;

  private final ResultDesk<T> desk;
  private final Map<String, Waiting<T>> waiting = new LinkedHashMap<>();
  private final TreeSet<Due> deadlines = new TreeSet<>(Due.ORDER);
  private long lookAt = Long.MAX_VALUE;

  /** Something that is due for an id. */
  private record Due(long at, String id) {
    static final Comparator<Due> ORDER = Comparator.comparingLong(Due::at).thenComparing(Due::id);
  }

  /** A value whose deadline has passed. */
  record Late<T>(String id, long keep, Outcome outcome, T ticket) {}

  /** Who waits here for one id. */
  private static final class Waiting<T> {
    final List<T> tickets = new ArrayList<>(1);

    /** Those of them that want to hear if nobody knows of an end. */
    final List<T> undecided = new ArrayList<>();

    /** Those that came when the question was half answered: they wait for the next one. */
    final List<T> next = new ArrayList<>();

    /** Whether others may know what nobody will tell this member. */
    boolean look;

    long lookAt = Long.MAX_VALUE;
    long pause = LOOK_AGAIN;
    long deadline;
    @Nullable Outcome late;
    long keep;
  }

  Waiters(ResultDesk<T> desk) {
    this.desk = desk;
  }

  private Waiting<T> add(String id, T ticket) {
    Waiting<T> its = waiting.computeIfAbsent(id, i -> new Waiting<>());
    its.tickets.add(ticket);
    return its;
  }

  void expect(String id, long deadline, long keep, @Nullable Outcome late, T ticket) {
    Waiting<T> its = add(id, ticket);
    its.keep = keep;
    if (deadline > 0 && (its.deadline == 0 || deadline < its.deadline)) {
      deadlines.remove(new Due(its.deadline, id));
      its.deadline = deadline;
      its.late = late;
      deadlines.add(new Due(deadline, id));
    }
  }

  void find(String id, T ticket) {
    var unused = add(id, ticket);
  }

  /**
   * @param next whether it came too late for the question that is open
   */
  void join(String id, boolean next, T ticket) {
    Waiting<T> its = add(id, ticket);
    (next ? its.next : its.undecided).add(ticket);
  }

  void forget(String id, T ticket) {
    Waiting<T> its = waiting.get(id);
    if (its != null) {
      its.tickets.remove(ticket);
      its.undecided.remove(ticket);
      its.next.remove(ticket);
      if (its.tickets.isEmpty()) {
        waiting.remove(id);
        deadlines.remove(new Due(its.deadline, id));
      }
    }
  }

  List<String> ids() {
    return List.copyOf(waiting.keySet());
  }

  void tell(String id, Outcome outcome) {
    Waiting<T> its = waiting.remove(id);
    if (its != null) {
      deadlines.remove(new Due(its.deadline, id));
      its.tickets.forEach(ticket -> desk.effects().ended(ticket, outcome));
    }
  }

  // ---- asking others

  /** Whether somebody waits for it; all members are to be asked soon. */
  boolean look(String id) {
    Waiting<T> its = waiting.get(id);
    if (its == null) {
      return false;
    }
    its.look = true;
    its.pause = LOOK_AGAIN;
    return true;
  }

  /**
   * All members have answered, and nobody is told yet.
   *
   * @param known whether somebody knows of an end
   * @return whether all are to be asked again, for who came meanwhile
   */
  boolean answered(String id, boolean known) {
    Waiting<T> its = waiting.get(id);
    if (its == null) {
      return false;
    }
    if (!known) {
      its.undecided.forEach(desk.effects()::unknown);
      its.undecided.clear();
      its.undecided.addAll(its.next);
      its.next.clear();
      if (!its.undecided.isEmpty()) {
        return true;
      }
    }
    if (known || its.look) {
      its.look = true;
      its.lookAt = desk.now() + its.pause;
      its.pause = Math.min(LOOK_SELDOM, 2 * its.pause);
      lookAt = Math.min(lookAt, its.lookAt);
    }
    return false;
  }

  /** For what all members are to be asked now. */
  List<String> toAsk(long now) {
    if (lookAt > now) {
      return List.of();
    }
    lookAt = Long.MAX_VALUE;
    List<String> ids = new ArrayList<>();
    waiting.forEach(
        (id, its) -> {
          if (its.look && its.lookAt <= now) {
            ids.add(id);
          } else if (its.look) {
            lookAt = Math.min(lookAt, its.lookAt);
          }
        });
    return ids;
  }

  // ---- deadlines

  /** The next value whose deadline has passed; null if there is none. */
  @Nullable Late<T> pollLate(long now) {
    while (!deadlines.isEmpty() && deadlines.first().at <= now) {
      Due due = deadlines.first();
      deadlines.remove(due);
      Waiting<T> its = waiting.get(due.id);
      Outcome late = its == null ? null : its.late;
      if (its != null && late != null && its.deadline <= now && desk.apply(Rule.END_AT_DEADLINE)) {
        its.late = null;
        return new Late<>(due.id, its.keep, late, its.tickets.get(0));
      }
    }
    return null;
  }

  long nextWake() {
    return deadlines.isEmpty() ? lookAt : Math.min(lookAt, deadlines.first().at);
  }

  /** All who wait here, who hear nothing any more. */
  List<T> abandon() {
    List<T> all = new ArrayList<>();
    waiting.values().forEach(its -> all.addAll(its.tickets));
    waiting.clear();
    return all;
  }
}
