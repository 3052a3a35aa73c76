/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.memo.Message.Invalidation;

/**
 * The home's invalidations whose fences are on their way.
 *
 * <p>Invariant: an invalidation is confirmed once, after every member of the configuration that it
 * was fenced in has acknowledged or left.
 */
final class Fences {
  private static final int REMEMBERED = 1024;

  private final MemoCore core;
  private final Rules rules;
  private final Map<Invalidation, Pending> pending = new HashMap<>();
  private final Set<Invalidation> confirmed = new HashSet<>();
  private final Deque<Invalidation> oldest = new ArrayDeque<>();

  Fences(MemoCore core, Rules rules) {
    this.core = core;
    this.rules = rules;
  }

  boolean knows(Invalidation id) {
    return pending.containsKey(id) || confirmed.contains(id);
  }

  /** The invalidator asked again: it hears again, if there is something to hear. */
  void repeat(Invalidation id) {
    if (confirmed.contains(id)) {
      core.send(id.from(), new Message.InvalidateAck(id.number()));
    }
  }

  /**
   * Fences the key on all members.
   *
   * @param buried whether its tombstone is in place; if not, no member may think so
   */
  void raise(Object key, Collection<Invalidation> ids, boolean buried) {
    for (Invalidation id : List.copyOf(ids)) {
      raise(id, key, new Message.Fence(key, id, buried));
    }
  }

  void raiseAll(Invalidation id, long epoch) {
    raise(id, null, new Message.FenceAll(epoch, id));
  }

  private void raise(Invalidation id, @Nullable Object key, Message fence) {
    List<Member> members = core.configuration().members();
    pending.put(id, new Pending(key, new HashSet<>(members)));
    for (Member member : members) {
      core.send(member, fence);
    }
    if (!rules.apply(Rule.AWAIT_FENCES, members.size() > 1)) {
      confirm(id);
    }
  }

  void onAck(Member from, Message.FenceAck ack) {
    Invalidation id = ack.invalidation();
    Pending waits = pending.get(id);
    Object failure = ack.failure();
    if (waits != null && failure != null) {
      pending.remove(id);
      core.send(id.from(), new Message.InvalidateFailed(id.number(), failure));
    } else if (waits != null && waits.missing.remove(from) && waits.missing.isEmpty()) {
      confirm(id);
    }
  }

  /** A member that has no memos has nothing to fence. */
  void lacking(Member member) {
    for (Invalidation id : List.copyOf(pending.keySet())) {
      onAck(member, new Message.FenceAck(id, null));
    }
  }

  /** Who asked for them asks again. */
  void forget() {
    pending.clear();
    confirmed.clear();
    oldest.clear();
  }

  /**
   * Who left needs no fence; but who stays notes that it is confirmed without the one who left
   * ({@link Lineage}). Who asked for a key that has moved away asks its new home.
   */
  void installed(Configuration now, Member self) {
    for (Map.Entry<Invalidation, Pending> entry : new ArrayList<>(pending.entrySet())) {
      Pending waits = entry.getValue();
      boolean moved =
          waits.key == null ? !now.coordinator().equals(self) : !core.isReady(waits.key);
      if (moved) {
        pending.remove(entry.getKey());
        continue;
      }
      waits.missing.retainAll(now.members());
      now.members().forEach(member -> core.send(member, new Message.Fenced(waits.key)));
      if (waits.missing.isEmpty()) {
        confirm(entry.getKey());
      }
    }
  }

  private void confirm(Invalidation id) {
    pending.remove(id);
    if (confirmed.add(id)) {
      oldest.add(id);
      if (oldest.size() > REMEMBERED) {
        confirmed.remove(oldest.remove());
      }
    }
    core.send(id.from(), new Message.InvalidateAck(id.number()));
  }

  private record Pending(@Nullable Object key, Set<Member> missing) {}
}
