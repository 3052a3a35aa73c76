/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The home's order of what waits: by priority, then as it came in, also what was out or delayed
 * meanwhile; of one ordering key one at a time. Kept beside the state and made anew by each home.
 *
 * <p>Messages that the same listeners want lie together, so that one nobody wants is looked at
 * once, not at each turn.
 *
 * <p>Nothing is held here of a message for long that is out of the queue, whatever its times are
 * and whether anybody listens.
 */
final class Waiting {
  private final Desk desk;
  private final TreeSet<Later> delayed = new TreeSet<>();
  private final TreeSet<Later> expiring = new TreeSet<>();
  private final Map<String, Line> lines = new HashMap<>();
  private final Map<Kind, Heap> heaps = new LinkedHashMap<>();
  private List<Selector> selectors = List.of();

  /** By whom it is wanted, and whether it was out on a lost member. */
  private record Kind(List<Boolean> wanted, boolean suspect) {}

  /** A moment at which something is due for an entry, as it was then. */
  private record Later(long at, Entry entry, int hands) implements Comparable<Later> {
    private static final Comparator<Later> ORDER =
        Comparator.comparingLong(Later::at)
            .thenComparingLong(later -> later.entry.seq)
            .thenComparingInt(Later::hands);

    @Override
    public int compareTo(Later other) {
      return ORDER.compare(this, other);
    }
  }

  /** The messages of one ordering key: one is out or next, the others wait for it. */
  private static final class Line {
    Entry first;
    final Lane others = new Lane();

    Line(Entry first) {
      this.first = first;
    }
  }

  /** Messages of one kind, by priority. */
  private static final class Heap {
    final List<Lane> byPriority = new ArrayList<>();

    Heap() {
      for (int i = 0; i < Traits.PRIORITIES; i++) {
        byPriority.add(new Lane());
      }
    }

    @Nullable Entry head() {
      for (int i = Traits.PRIORITIES - 1; i >= 0; i--) {
        Entry next = byPriority.get(i).peek();
        if (next != null) {
          return next;
        }
      }
      return null;
    }
  }

  Waiting(Desk desk) {
    this.desk = desk;
  }

  /** One that is out, or was and will be tried again, keeps its ordering key. */
  void keepsKey(Entry entry) {
    String key = entry.letter.traits.orderingKey();
    if (key != null && desk.apply(Rule.ONE_PER_KEY)) {
      Line line = lines.get(key);
      if (line == null) {
        lines.put(key, new Line(entry));
      }
    }
  }

  /** One that is new here, or was out. */
  void enter(Entry entry) {
    long expires = entry.letter.traits.expiresAt();
    if (expires != 0) {
      expiring.add(new Later(expires, entry, 0));
    }
    if (entry.notBefore > desk.now()) {
      delayed.add(new Later(entry.notBefore, entry, entry.hands));
      return;
    }
    String key = entry.letter.traits.orderingKey();
    if (key != null && desk.apply(Rule.ONE_PER_KEY)) {
      Line line = lines.get(key);
      if (line == null) {
        lines.put(key, new Line(entry));
      } else if (line.first != entry) {
        line.others.add(entry);
        return;
      }
    }
    add(entry);
  }

  private void add(Entry entry) {
    Heap heap = heaps.computeIfAbsent(kind(entry), k -> new Heap());
    heap.byPriority.get(entry.letter.traits.priority()).add(entry);
  }

  private Kind kind(Entry entry) {
    if (selectors.isEmpty()) {
      return new Kind(List.of(), entry.isSuspect());
    }
    Map<String, String> headers = entry.letter.traits.headers();
    return new Kind(
        selectors.stream().map(selector -> selector.matches(headers)).toList(), entry.isSuspect());
  }

  /** It is out of the queue, or dead: the next of its ordering key may come. */
  void left(Entry entry) {
    long expires = entry.letter.traits.expiresAt();
    if (expires != 0) {
      expiring.remove(new Later(expires, entry, 0));
    }
    if (entry.notBefore != 0) {
      delayed.remove(new Later(entry.notBefore, entry, entry.hands));
    }
    Heap heap = heaps.get(kind(entry));
    if (heap != null) {
      heap.byPriority.get(entry.letter.traits.priority()).left();
    }
    String key = entry.letter.traits.orderingKey();
    Line line = key == null ? null : lines.get(key);
    if (key == null || line == null) {
      return;
    }
    line.others.left();
    if (line.first != entry) {
      return;
    }
    Entry next = line.others.poll();
    if (next == null) {
      lines.remove(key);
    } else {
      line.first = next;
      add(next);
    }
  }

  /** Sorts anew, if listeners came that want others, or went. */
  void wanted(Set<Selector> now) {
    if (selectors.size() == now.size() && now.containsAll(selectors)) {
      return;
    }
    selectors = List.copyOf(now);
    List<Entry> all = new ArrayList<>();
    for (Heap heap : heaps.values()) {
      heap.byPriority.forEach(lane -> lane.forEach(all::add));
    }
    heaps.clear();
    all.sort(Comparator.comparingLong(entry -> entry.seq));
    all.forEach(this::add);
  }

  /**
   * The first message that can be handed out now.
   *
   * @param can whether somebody takes it; asked once for each kind of messages
   */
  @Nullable Entry first(Predicate<Entry> can) {
    Entry best = null;
    for (Heap heap : heaps.values()) {
      Entry head = heap.head();
      if (head != null && (best == null || isBefore(head, best)) && can.test(head)) {
        best = head;
      }
    }
    return best;
  }

  private static boolean isBefore(Entry one, Entry other) {
    int by = Integer.compare(other.letter.traits.priority(), one.letter.traits.priority());
    return by != 0 ? by < 0 : one.seq < other.seq;
  }

  /** Lets in what was delayed until now. */
  void due() {
    long now = desk.now();
    while (!delayed.isEmpty() && delayed.first().at <= now) {
      Later next = delayed.first();
      delayed.remove(next);
      if (next.entry.status == Entry.Status.WAITING && next.entry.hands == next.hands) {
        enter(next.entry);
      }
    }
  }

  /** One whose time is over and that nobody has; null if there is none. */
  @Nullable Entry expired() {
    long now = desk.now();
    while (!expiring.isEmpty() && expiring.first().at <= now) {
      Later next = expiring.first();
      expiring.remove(next);
      if (next.entry.status == Entry.Status.WAITING) {
        return next.entry;
      }
    }
    return null;
  }

  /** When something is due; MAX_VALUE if nothing is. */
  long next() {
    return Math.min(first(delayed), first(expiring));
  }

  /** How many places are held, with those that entries have left. */
  int held() {
    int held = delayed.size() + expiring.size();
    for (Heap heap : heaps.values()) {
      held += heap.byPriority.stream().mapToInt(Lane::size).sum();
    }
    return held + lines.values().stream().mapToInt(line -> line.others.size()).sum();
  }

  private static long first(SortedSet<Later> moments) {
    return moments.isEmpty() ? Long.MAX_VALUE : moments.first().at;
  }
}
