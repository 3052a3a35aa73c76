/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.InDoubtTransaction;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;

/**
 * Entries by key, each in an {@link Envelope}. The seam between policy and engine: keys are the
 * user's own, null is never a key nor an entry, an expired envelope is never returned. Conditional
 * writes compare envelope versions, which are unique, so a write that the engine repeats is
 * recognised. Thread-safe; calls block until the mode's guarantee holds.
 */
public interface Store {
  String name();

  Mode mode();

  @Nullable Envelope get(Object key);

  /**
   * The entry if it is at hand: at the cost of a look-up, without a lock, a clock or a message, and
   * no older than {@link #get} would answer, or than the options let a near cache's copy be. It is
   * alive, and its use need not be noted now. Null says nothing: ask {@code get}. Also null once
   * the store is closed, so that a hit needs no check of its own.
   */
  @Nullable Envelope near(Object key);

  /**
   * What {@link #near}'s entry holds, where {@link #keepValue} has kept it in this era, at the cost
   * of a look-up that touches no entry. Null says nothing: ask {@code near}.
   */
  default @Nullable Object nearValue(Object key, long era) {
    return null;
  }

  /**
   * Offers what an entry that {@code near} found stands for to those who ask after it in this era.
   * The store need not take it. It is found at most as long as the entry would be, and {@code near}
   * may find the entry no longer.
   *
   * @param era rises when all values that were offered before are void; 0 if they never are
   */
  default void keepValue(Object key, Envelope entry, Object value, long era) {}

  /**
   * Whether {@link #get} would find nothing, if that can be said at the cost of a look-up, without
   * a lock or a message: this member holds the key's entry, or would if there was one. False says
   * nothing: ask {@code get}. A tombstone is an entry.
   */
  boolean isSurelyAbsent(Object key);

  Map<Object, Envelope> getAll(Collection<?> keys);

  void put(Object key, Envelope envelope);

  void putAll(Map<Object, Envelope> entries);

  @Nullable Envelope getAndPut(Object key, Envelope envelope);

  /** Returns null if it stored, else the entry that is there. */
  @Nullable Envelope putIfAbsent(Object key, Envelope envelope);

  /** Stores if the entry that is there has the version of {@code expected}. */
  boolean replace(Object key, Envelope expected, Envelope envelope);

  @Nullable Envelope remove(Object key);

  /** Removes if the entry that is there has the version of {@code expected}. */
  boolean remove(Object key, Envelope expected);

  /** Stores on this member alone and tells nobody (the memo's shared results in INVALIDATED). */
  void putLocal(Object key, Envelope envelope);

  /**
   * {@link #replace} on this member alone, telling nobody: what was loaded in INVALIDATED, where it
   * makes no other member's copy wrong. Whoever changes the key elsewhere still takes {@code
   * expected} away, and then nothing is stored.
   */
  boolean replaceLocal(Object key, Envelope expected, Envelope envelope);

  /**
   * Gives an entry the deadline, the idle length and the last use of {@code used}, on every member
   * that holds it, if it still has the version of {@code used}. It keeps the version and raises no
   * event; what was removed or is over stays so.
   */
  void renew(Object key, Envelope used);

  void clear();

  /** How many entries there are that are no tombstones: each member walks over what it orders. */
  long size();

  Stream<Map.Entry<Object, Envelope>> entries();

  /** The entries that this member holds. */
  Stream<Map.Entry<Object, Envelope>> localEntries();

  /**
   * Tells of changes of the given types, as {@link Told} has them; in which modes of whose, {@code
   * Cache.listen} says.
   */
  Registration listen(StoreListener listener, Set<CacheEvent.Type> types);

  /** Entries that left this member because it was full, since the store was opened here. */
  long evictions();

  /** Entries whose end this member noticed, since the store was opened here. */
  long expirations();

  Topology topology();

  /**
   * Tells of every new configuration, in order, on one thread that must not be blocked for long.
   */
  Registration onTopology(Consumer<Topology> listener);

  /** The engine's own object, or null if it has none of that type. */
  <T> @Nullable T unwrap(Class<T> type);

  /** False once it was destroyed, here or elsewhere, or its member left. */
  boolean isOpen();

  /**
   * The names of members without which this store, in files, does not go on: they may have later
   * entries. Empty if it waits for nobody.
   */
  default Set<String> missing() {
    return Set.of();
  }

  /** Waits no longer for those that are {@link #missing()} now: what they alone had is lost. */
  default void goOnWithoutMissing() {}

  /** What is prepared of it by transactions whose members are lost; it sends no message. */
  default List<InDoubtTransaction> inDoubt() {
    return List.of();
  }

  /** Removes the entries and the store itself on all members that share it. */
  void destroy();
}
