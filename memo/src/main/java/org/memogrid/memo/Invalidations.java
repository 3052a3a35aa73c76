/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Invalidations of one memo, and of what depends on it, on the caller's thread. What matches a tag
 * or a predicate is collected from all members and then invalidated key by key; so it is no weaker
 * than that.
 */
final class Invalidations {
  private final MemoNode node;
  private final MemoFeature feature;

  Invalidations(MemoNode node, MemoFeature feature) {
    this.node = node;
    this.feature = feature;
  }

  void key(Object key, String what) {
    Stack.requireRoom();
    keys(node, List.of(key), what);
    dependants(node, List.of(key), what, new HashSet<>());
  }

  void all(String what) {
    Stack.requireRoom();
    keys(node, null, what);
    dependants(node, null, what, new HashSet<>());
  }

  void tag(String tag, String what) {
    Stack.requireRoom();
    Collection<Object> keys = collect(node, Tags.ofUser(tag), what);
    keys(node, keys, what);
    dependants(node, keys, what, new HashSet<>());
  }

  void matching(Predicate<Object> predicate, String what) {
    Stack.requireRoom();
    Collection<Object> keys = collect(node, null, what);
    if (keys != null) {
      keys = keys.stream().filter(predicate).toList();
    }
    keys(node, keys, what);
    dependants(node, keys, what, new HashSet<>());
  }

  /** Results that were computed from the keys', or from any of the memo's if they are null. */
  private void dependants(
      MemoNode read, @Nullable Collection<Object> keys, String what, Set<String> done) {
    List<MemoId> tracking = keys != null && keys.isEmpty() ? List.of() : feature.tracking();
    if (tracking.isEmpty()) {
      return;
    }
    Set<String> tags = new LinkedHashSet<>();
    if (keys == null) {
      tags.add(Tags.ofDependants(read, null));
    } else {
      keys.forEach(key -> tags.add(Tags.ofDependants(read, key)));
    }
    for (String tag : tags) {
      if (done.add(tag)) {
        for (MemoId id : tracking) {
          MemoNode dependant = feature.opened(id);
          Collection<Object> affected = collect(dependant, tag, what);
          keys(dependant, affected, what);
          dependants(dependant, affected, what, done);
        }
      }
    }
  }

  /** Null if all keys are meant. */
  private @Nullable Collection<Object> collect(MemoNode memo, @Nullable String tag, String what) {
    Collecting call = new Collecting();
    memo.collect(tag, call);
    await(call, what);
    return call.keys;
  }

  /** Invalidates the keys, or all if they are null. */
  private void keys(MemoNode memo, @Nullable Collection<Object> keys, String what) {
    if (keys == null) {
      Call.Blocking call = new Call.Blocking();
      memo.invalidate(null, call);
      await(call, what);
      memo.sweep();
      return;
    }
    List<Call.Blocking> calls = new ArrayList<>(keys.size());
    for (Object key : keys) {
      Call.Blocking call = new Call.Blocking();
      calls.add(call);
      memo.invalidate(key, call);
    }
    for (Call.Blocking call : calls) {
      await(call, what);
    }
  }

  private void await(Call.Blocking call, String what) {
    try {
      var unused = call.await(0);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      if (call.leave()) {
        throw new MemoException(
            node.id() + ": interrupted in " + what + ", which may or may not happen: call it again",
            e);
      }
    }
    if (call.outcome() instanceof Effect.Threw threw) {
      throw Failure.sneaky(((Failure) threw.failure()).toThrow());
    }
  }

  /** A call for the keys that members tell of. */
  static final class Collecting extends Call.Blocking {
    private volatile @Nullable Set<Object> keys = Set.of();

    void collected(@Nullable Set<Object> found) {
      keys = found;
      complete(new Effect.Returned(Value.NOTHING));
    }
  }
}
