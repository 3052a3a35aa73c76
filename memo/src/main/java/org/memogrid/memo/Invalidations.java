/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheException;

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
    withDependants(List.of(key), what);
  }

  void all(String what) {
    Stack.requireRoom();
    withDependants(null, what);
  }

  void tag(String tag, String what) {
    Stack.requireRoom();
    withDependants(collected(collect(node, Set.of(Tags.ofUser(tag))), what), what);
  }

  void matching(Predicate<Object> predicate, String what) {
    Stack.requireRoom();
    Collection<Object> keys = collected(collect(node, null), what);
    if (keys != null) {
      keys = keys.stream().filter(predicate).toList();
    }
    withDependants(keys, what);
  }

  /** And what was made of them, or of any of the memo's if they are null. */
  private void withDependants(@Nullable Collection<Object> keys, String what) {
    await(List.of(begin(node, keys)), what);
    List<MemoId> tracking = keys != null && keys.isEmpty() ? List.of() : feature.tracking();
    if (tracking.isEmpty()) {
      return;
    }
    List<MemoNode> memos = tracking.stream().map(feature::opened).toList();
    Cascade<MemoId> cascade = new Cascade<>(Rules.all(), Tags.ofDependants(node, keys));
    for (Set<String> tags = cascade.next(); tags != null; tags = cascade.next()) {
      pass(cascade, memos, tags, what);
    }
  }

  /** All memos at once. */
  private void pass(Cascade<MemoId> cascade, List<MemoNode> memos, Set<String> tags, String what) {
    List<Collecting> asked = memos.stream().map(memo -> collect(memo, tags)).toList();
    List<Invalidating> begun = new ArrayList<>();
    for (int i = 0; i < memos.size(); i++) {
      Collection<Object> keys = collected(asked.get(i), what);
      cascade.found(memos.get(i).id(), keys);
      begun.add(begin(memos.get(i), keys));
    }
    await(begun, what);
  }

  private static Collecting collect(MemoNode memo, @Nullable Set<String> tags) {
    stored(memo, "be told", memo::requireServed);
    Collecting call = new Collecting();
    memo.collect(tags, call);
    return call;
  }

  /** Null if all keys are meant. */
  private @Nullable Collection<Object> collected(Collecting call, String what) {
    await(call, what);
    return call.keys;
  }

  /** Begins to invalidate the keys, or all if they are null. */
  private static Invalidating begin(MemoNode memo, @Nullable Collection<Object> keys) {
    if (keys == null) {
      stored(memo, "be invalidated", memo::loadedEpoch);
    }
    List<Call.Blocking> calls = new ArrayList<>();
    for (Object key : keys == null ? Collections.singleton(null) : keys) {
      Call.Blocking call = new Call.Blocking();
      calls.add(call);
      memo.invalidate(key, call);
    }
    return new Invalidating(memo, keys == null, calls);
  }

  private static void stored(MemoNode memo, String what, Runnable work) {
    try {
      work.run();
    } catch (CacheException e) {
      throw new MemoException(
          memo.id() + ": its results can't " + what + ", call again: " + e.getMessage(), e);
    }
  }

  private record Invalidating(MemoNode memo, boolean isAll, List<Call.Blocking> calls) {}

  private void await(List<Invalidating> begun, String what) {
    for (Invalidating each : begun) {
      each.calls.forEach(call -> await(call, what));
      if (each.isAll) {
        stored(each.memo, "be kept invalidated if all members end", each.memo::keepEpoch);
        each.memo.sweep();
      }
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
