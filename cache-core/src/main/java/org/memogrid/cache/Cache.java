/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * A map that the members of a cluster share, in one of four {@linkplain Mode modes}; the mode says
 * what a reader on another member may expect. All of it holds per partition: a cluster that falls
 * apart serves what each side has, unless it is {@link org.memogrid.cluster.Partitions#CONSISTENT}.
 *
 * <p>This is a handle. Each {@code cluster.cache(...)} gives one of its own; the handles of one
 * name share the data and, on one member, the statistics.
 *
 * <p><b>Keys and values.</b> Neither is ever null: {@link NullPointerException} names the argument.
 * Keys are compared with {@code equals}; two equal keys must also be encoded alike, as records and
 * plain classes with an {@code equals} over all fields are. What is put is shared with all readers
 * of this process and must not be changed afterwards. In a mode that sends keys or values, a write
 * fails with {@link IllegalArgumentException} naming the class and the line to add if it may not
 * cross the wire, on every member, before anything is changed.
 *
 * <p><b>Atomic operations</b> ({@code putIfAbsent}, {@code replace}, {@code remove(key, expected)},
 * {@code update}) are atomic across the cluster in REPLICATED and DISTRIBUTED, in the process in
 * LOCAL, and on one member in INVALIDATED. {@code put}, {@code remove(key)} and {@code clear} that
 * are under way while an owner of the entry dies may be applied twice, with another write between;
 * an atomic one only if such a write, or more than eight atomic ones, came between.
 *
 * <p><b>Failures.</b> A closed handle, a destroyed cache and a closed cluster answer with {@link
 * IllegalStateException}. A call that the engine could not finish answers with {@link
 * CacheException}; the write may have happened or not.
 *
 * <p>Thread-safe.
 */
public interface Cache<K, V> extends AutoCloseable {
  String name();

  /** How entries are kept; {@link Mode#LOCAL} for every cache of a cluster without network. */
  Mode mode();

  /** The value, or null if there is none. */
  @Nullable V get(K key);

  /** The values of those keys that have one. A snapshot; not atomic over the keys. */
  Map<K, V> getAll(Collection<? extends K> keys);

  /** Whether {@link #get} would find a value; no use of the entry, and not counted. */
  boolean containsKey(K key);

  /** Stores a value with the expiry of the cache's options. */
  void put(K key, V value);

  /** Stores a value with an expiry of its own, which replaces that of the options as a whole. */
  void put(K key, V value, Expiry expiry);

  /**
   * Stores a value for the holder of a turn, such as a daemon, with the expiry of the options. It
   * is refused if a write with a higher token of the same name returned before this one began,
   * whichever cache and member it was on, and whatever was removed or expired since. A lower write
   * of the same key that was under way is refused, too, in REPLICATED and DISTRIBUTED; one of
   * another key may still land. Holds per partition; after a merge one side's highest token stands.
   *
   * <p>Costs a read here, a conditional write, and with each new token one write to every member.
   *
   * @throws FencedException if it is refused; nothing has changed
   */
  void putFenced(K key, V value, FencingToken token);

  /** Stores a value and answers the one that was there, or null. */
  @CanIgnoreReturnValue
  @Nullable V getAndPut(K key, V value);

  /** Stores each entry; not atomic over the keys. */
  void putAll(Map<? extends K, ? extends V> entries);

  /** Stores each entry with that expiry; not atomic over the keys. */
  void putAll(Map<? extends K, ? extends V> entries, Expiry expiry);

  /** Stores a value if there is none, and answers null; else answers the one that is there. */
  @CanIgnoreReturnValue
  @Nullable V putIfAbsent(K key, V value);

  /** {@link #putIfAbsent(Object, Object)} with an expiry of its own. */
  @CanIgnoreReturnValue
  @Nullable V putIfAbsent(K key, V value, Expiry expiry);

  /** Stores a value if there is one already, and answers the old one; else answers null. */
  @CanIgnoreReturnValue
  @Nullable V replace(K key, V value);

  /** {@link #replace(Object, Object)} with an expiry of its own. */
  @CanIgnoreReturnValue
  @Nullable V replace(K key, V value, Expiry expiry);

  /** Stores a value if the one that is there equals {@code expected}, and tells whether it did. */
  @CanIgnoreReturnValue
  boolean replace(K key, V expected, V value);

  /** {@link #replace(Object, Object, Object)} with an expiry of its own. */
  @CanIgnoreReturnValue
  boolean replace(K key, V expected, V value, Expiry expiry);

  /** Removes the entry and answers its value, or null if there was none. */
  @CanIgnoreReturnValue
  @Nullable V remove(K key);

  /** Removes the entry if its value equals {@code expected}, and tells whether it did. */
  @CanIgnoreReturnValue
  boolean remove(K key, V expected);

  /**
   * Replaces the value by what the function makes of it, and answers the new one. The function gets
   * null if there is no value; if it answers null, the entry is removed. It runs on the calling
   * thread, outside all locks, and runs again if the entry was changed meanwhile: it must have no
   * effect of its own.
   */
  @CanIgnoreReturnValue
  @Nullable V update(K key, UnaryOperator<@Nullable V> change);

  /** {@link #update(Object, UnaryOperator)} with an expiry of its own. */
  @CanIgnoreReturnValue
  @Nullable V update(K key, UnaryOperator<@Nullable V> change, Expiry expiry);

  /** Removes all entries. */
  void clear();

  /**
   * The number of entries in the cluster; in INVALIDATED on this member. Each member is asked, and
   * walks over the entries that it orders: no call for every request.
   */
  long size();

  /**
   * All entries in the cluster; in INVALIDATED those of this member. Each entry that is there from
   * begin to end is met once; whether others are is open. Close the stream if it is not read to its
   * end.
   */
  Stream<Map.Entry<K, V>> entries();

  /**
   * The members that hold the entry of a key, or would if there was one, as this member knows it
   * now; the one that orders its writes first. In REPLICATED that is all members, in DISTRIBUTED as
   * many as the cache has owners, while members come or go more; in LOCAL and INVALIDATED it is
   * this member, whose entries are its own. Costs no message. For displays and for work that is to
   * run where its data is: by the time it runs, the entry may lie elsewhere.
   */
  List<Member> owners(K key);

  /** This cache as a map that writes through. Its views and iterators are weakly consistent. */
  ConcurrentMap<K, V> asMap();

  /**
   * Tells a listener of changes, of those types or, if none is given, of all. Events of one key
   * come in the order of its changes, one at a time, on a thread that the listener may block; the
   * writer never waits for it, and an exception it throws is logged. Ends with the registration or
   * this handle.
   *
   * <p>In REPLICATED and DISTRIBUTED a listener hears the changes that any member makes; EVICTED
   * only of entries that this member held. In LOCAL and INVALIDATED it hears the changes of the
   * entries that this member holds; in INVALIDATED, REMOVED also when another member wrote the key.
   * While members join, leave or die, an event may be missed or come twice. The first value of a
   * key is CREATED; in DISTRIBUTED it comes as UPDATED if it was put while a {@link #putFenced} of
   * the key was under way or had been broken off.
   */
  @CanIgnoreReturnValue
  Registration listen(CacheListener<K, V> listener, CacheEvent.Type... types);

  /** What this member did with the cache since it was opened here. */
  CacheStats stats();

  /**
   * The engine's own object, of a type that the mode decides: a named door, without promise.
   *
   * @throws IllegalArgumentException if there is none of that type
   */
  <T> T unwrap(Class<T> type);

  /** Closes this handle and ends its listeners. The data stays. Closing again does nothing. */
  @Override
  void close();

  /**
   * Removes the cache, its entries and its options from the whole cluster: when this returns all
   * members have ended it. Others may open one of that name meanwhile, which is then another.
   *
   * @throws IllegalStateException if it was destroyed already
   */
  void destroy();

  /**
   * The names of members that may have later entries of this cache in their files than all that are
   * here, and are not back: the cache is not served until they are. Empty if it waits for nobody,
   * or is not in {@linkplain Persist#file files that members share}.
   */
  default Set<String> missing() {
    return Set.of();
  }

  /**
   * Has all members wait no longer for those that are {@linkplain #missing missing} now, by the
   * word of an operator who knows that they are gone for good: what they alone had is lost then,
   * what they had removed may be back, and if one of them comes back after all its files are not
   * asked. Does nothing if the cache waits for nobody.
   */
  default void goOnWithoutMissing() {}
}
