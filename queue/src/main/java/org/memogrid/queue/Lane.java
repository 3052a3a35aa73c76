/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Messages that wait one behind the other, in the order in which they came into the queue. Most
 * come in that order; the few that come back, or were held up by others, are sorted in.
 *
 * <p>An entry that has left its place is skipped when its turn comes. So that its body is not kept
 * until then, the lane is told of those that leave, and clears itself when they may be more than
 * half of it.
 */
final class Lane {
  private static final int SMALL = 32;
  private static final Comparator<Place> ORDER = Comparator.comparingLong(place -> place.entry.seq);

  private final ArrayDeque<Place> inOrder = new ArrayDeque<>();
  private final PriorityQueue<Place> sortedIn = new PriorityQueue<>(2, ORDER);
  private int left;

  /** An entry as it was when it took its place. */
  private record Place(Entry entry, int hands) {
    boolean isCurrent() {
      return entry.status == Entry.Status.WAITING && entry.hands == hands;
    }
  }

  void add(Entry entry) {
    Place place = new Place(entry, entry.hands);
    Place last = inOrder.peekLast();
    if (last == null || last.entry.seq < entry.seq) {
      inOrder.addLast(place);
    } else {
      sortedIn.add(place);
    }
  }

  /** The first; null if there is none. */
  @Nullable Entry peek() {
    skip();
    Place one = inOrder.peek();
    Place other = sortedIn.peek();
    if (one == null || (other != null && other.entry.seq < one.entry.seq)) {
      return other == null ? null : other.entry;
    }
    return one.entry;
  }

  /** Takes the first out; null if there is none. */
  @Nullable Entry poll() {
    Entry first = peek();
    Place one = inOrder.peek();
    if (one != null && one.entry == first) {
      inOrder.remove();
    } else if (first != null) {
      sortedIn.remove();
    }
    return first;
  }

  private void skip() {
    for (Place next = inOrder.peek(); next != null && !next.isCurrent(); next = inOrder.peek()) {
      inOrder.remove();
    }
    for (Place next = sortedIn.peek(); next != null && !next.isCurrent(); next = sortedIn.peek()) {
      sortedIn.remove();
    }
  }

  /** One that is, or was, in this lane waits no more. */
  void left() {
    skip();
    if (++left > SMALL && 2 * left > size()) {
      left = 0;
      inOrder.removeIf(place -> !place.isCurrent());
      sortedIn.removeIf(place -> !place.isCurrent());
    }
  }

  /** How many places are held here, with those that entries have left. */
  int size() {
    return inOrder.size() + sortedIn.size();
  }

  void forEach(Consumer<Entry> visitor) {
    inOrder.forEach(place -> visit(place, visitor));
    sortedIn.forEach(place -> visit(place, visitor));
  }

  private static void visit(Place place, Consumer<Entry> visitor) {
    if (place.isCurrent()) {
      visitor.accept(place.entry);
    }
  }
}
