/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * Which members may have lived apart from this one, and what was invalidated meanwhile (R9).
 *
 * <p>A cluster that is cut in two goes on as two. When the sides meet again, each has results that
 * the other invalidated. So every member notes the fences it gets; and if it sees somebody return
 * who had left, it tells all members the keys fenced since. Until all have told, this member trusts
 * nothing that it holds, and those keys not before their new home has buried them.
 *
 * <p>Invariant: a fence that was confirmed while a member was away is noted, under a later
 * configuration than the last one with that member, by all members that stayed. The note-book is
 * bounded; when it has dropped a note that matters, all keys are taken for invalidated.
 */
final class Lineage {
  private static final int LEAVERS = 64;

  private final int capacity;
  private final Rules rules;

  /** Who left, with the last configuration that had it; the longest gone first. */
  private final Map<String, Long> departed = new LinkedHashMap<>();

  private boolean forgotLeavers;
  private final Deque<Note> notes = new ArrayDeque<>();
  private long forgotten = Long.MIN_VALUE;
  private long allFenced = Long.MIN_VALUE;

  /** Since when those who are back were away; MAX_VALUE if nobody is back. */
  private long since = Long.MAX_VALUE;

  private boolean apart;
  private boolean settled;
  private long distrustedAt;
  private final Set<Object> distrusted = ConcurrentHashMap.newKeySet();

  private record Note(Object key, long configuration) {}

  Lineage(int capacity, Rules rules) {
    this.capacity = capacity;
    this.rules = rules;
  }

  /** Returns whether this member may have lived apart from another of the next configuration. */
  boolean install(Configuration last, Configuration next) {
    // Whoever was taken for lost, and does not know it, misses the configurations without it.
    apart |= next.stamp().id() != last.stamp().id() + 1;
    for (Member member : next.members()) {
      Long left = departed.remove(member.id());
      if (left != null) {
        since = Math.min(since, left);
        apart = true;
      } else if (forgotLeavers && !last.has(member)) {
        since = Long.MIN_VALUE;
        apart = true;
      }
    }
    for (Member member : last.members()) {
      if (!next.has(member)) {
        left(member.id(), last.stamp().id());
      }
    }
    return apart && rules.isOn(Rule.DISTRUST_WHEN_APART);
  }

  private void left(String member, long configuration) {
    departed.merge(member, configuration, Math::min);
    if (departed.size() > LEAVERS) {
      Iterator<String> oldest = departed.keySet().iterator();
      oldest.next();
      oldest.remove();
      forgotLeavers = true;
    }
  }

  /** What a joiner has to know, who may meet those who left before. */
  Map<String, Long> departed() {
    return new LinkedHashMap<>(departed);
  }

  void learn(Map<String, Long> others, Configuration now) {
    others.forEach(
        (member, configuration) -> {
          boolean isBack = now.members().stream().anyMatch(m -> m.id().equals(member));
          if (!isBack && !departed.containsKey(member)) {
            left(member, configuration);
            forgotten = Math.max(forgotten, now.stamp().id()); // the notes here begin later
          }
        });
  }

  /**
   * @param configuration that of the home that raised the fence
   */
  void fenced(@Nullable Object key, long configuration) {
    if (key == null) {
      allFenced(configuration);
      return;
    }
    notes.add(new Note(key, configuration));
    if (notes.size() > capacity) {
      forgotten = Math.max(forgotten, notes.remove().configuration);
    }
  }

  /** What is held here for the key is not older than the fence. */
  void gone(Object key, long configuration) {
    if (configuration >= distrustedAt) {
      distrusted.remove(key);
    }
  }

  void allFenced(long configuration) {
    allFenced = Math.max(allFenced, configuration);
  }

  /** What was looked for may have been with those who were away: nobody can say which keys. */
  void scanned(long configuration) {
    allFenced(configuration);
  }

  /** The keys that others may not know to be invalidated. */
  List<Object> untold() {
    if (!rules.isOn(Rule.EXCHANGE_INVALIDATIONS)) {
      return List.of();
    }
    Set<Object> keys = new LinkedHashSet<>(distrusted);
    for (Note note : notes) {
      if (note.configuration > since) {
        keys.add(note.key);
      }
    }
    return new ArrayList<>(keys);
  }

  /** Whether there may be others than those. */
  boolean isAllUntold() {
    return (allFenced > since && rules.isOn(Rule.EXCHANGE_INVALIDATIONS))
        || (forgotten > since && rules.isOn(Rule.CLEAR_ON_OVERFLOW));
  }

  /** All members have told. */
  void settled(Set<Object> untold, Configuration now) {
    if (forgotten > since && allFenced <= since) {
      rules.made(Rule.CLEAR_ON_OVERFLOW);
    }
    apart = false;
    settled = true;
    since = Long.MAX_VALUE;
    if (!untold.isEmpty()) {
      distrustedAt = now.stamp().id();
      distrusted.addAll(untold);
    }
  }

  /** Whether all members of some configuration have told. */
  boolean hasSettled() {
    return settled;
  }

  /** Whether what is held here for the key may be older than an invalidation. Any thread asks. */
  boolean isDistrusted(Object key) {
    return !distrusted.isEmpty() && distrusted.contains(key);
  }
}
