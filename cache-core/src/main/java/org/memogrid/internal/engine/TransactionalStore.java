/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.InDoubtTransaction;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.StoreListener;
import org.memogrid.internal.store.Topology;

/**
 * A store whose calls belong to the calling thread's transaction. Within one, a call that fails has
 * it end with a rollback. Outside, each call is a transaction of its own, which the engine begins
 * and ends; one that met another wrote nothing and is made again, for a while.
 */
final class TransactionalStore implements Store {
  /** Longer than a lock is waited for, so that each call is made twice at least. */
  private static final long PATIENCE_NANOS = 12_000_000_000L;

  private final ClusterStore store;
  private final MemberTransactions transactions;

  TransactionalStore(ClusterStore store, MemberTransactions transactions) {
    this.store = store;
    this.transactions = transactions;
  }

  private <T extends @Nullable Object> T call(
      String operation, @Nullable Object key, Supplier<T> call) {
    if (transactions.isActive()) {
      return callWithin(operation, key, call);
    }
    long begun = System.nanoTime();
    while (true) {
      try {
        return call.get();
      } catch (RuntimeException e) {
        if (!TransactionFailure.isConflict(e)) {
          throw e;
        }
        if (System.nanoTime() - begun > PATIENCE_NANOS || TransactionFailure.isHeldInDoubt(e)) {
          throw TransactionFailure.inCall(name(), operation, key, e);
        }
      }
    }
  }

  private <T extends @Nullable Object> T callWithin(
      String operation, @Nullable Object key, Supplier<T> call) {
    requireSound(operation);
    boolean returned = false;
    try {
      T result = call.get();
      returned = true;
      return result;
    } catch (RuntimeException e) {
      throw TransactionFailure.isConflict(e)
          ? TransactionFailure.inCall(name(), operation, key, e)
          : e;
    } finally {
      if (!returned) {
        transactions.doom();
      }
    }
  }

  private void requireSound(String operation) {
    if (transactions.isDoomed()) {
      throw new IllegalStateException(
          operation
              + " on cache '"
              + name()
              + "' is too late: the transaction has failed or taken too long and will be rolled"
              + " back; end it and run it again");
    }
  }

  @Override
  public String name() {
    return store.name();
  }

  @Override
  public Mode mode() {
    return store.mode();
  }

  @Override
  public @Nullable Envelope get(Object key) {
    return this.<@Nullable Envelope>call("get", key, () -> store.get(key));
  }

  /** Nothing is at hand: what is depends on who asks. */
  @Override
  public @Nullable Envelope near(Object key) {
    return null;
  }

  @Override
  public boolean isSurelyAbsent(Object key) {
    return false;
  }

  @Override
  public Map<Object, Envelope> getAll(Collection<?> keys) {
    return call("getAll", null, () -> store.getAll(keys));
  }

  @Override
  public void put(Object key, Envelope envelope) {
    run("put", key, () -> store.put(key, envelope));
  }

  private void run(String operation, @Nullable Object key, Runnable call) {
    this.<@Nullable Void>call(
        operation,
        key,
        () -> {
          call.run();
          return null;
        });
  }

  @Override
  public void putAll(Map<Object, Envelope> entries) {
    run("putAll", null, () -> store.putAll(entries));
  }

  @Override
  public @Nullable Envelope getAndPut(Object key, Envelope envelope) {
    return this.<@Nullable Envelope>call("put", key, () -> store.getAndPut(key, envelope));
  }

  @Override
  public @Nullable Envelope putIfAbsent(Object key, Envelope envelope) {
    return this.<@Nullable Envelope>call(
        "putIfAbsent", key, () -> store.putIfAbsent(key, envelope));
  }

  @Override
  public boolean replace(Object key, Envelope expected, Envelope envelope) {
    return call("replace", key, () -> store.replace(key, expected, envelope));
  }

  @Override
  public @Nullable Envelope remove(Object key) {
    return this.<@Nullable Envelope>call("remove", key, () -> store.remove(key));
  }

  @Override
  public boolean remove(Object key, Envelope expected) {
    return call("remove", key, () -> store.remove(key, expected));
  }

  @Override
  public void putLocal(Object key, Envelope envelope) {
    throw new UnsupportedOperationException("a transaction is the whole cluster's");
  }

  @Override
  public boolean replaceLocal(Object key, Envelope expected, Envelope envelope) {
    throw new UnsupportedOperationException("a transaction is the whole cluster's");
  }

  @Override
  public void renew(Object key, Envelope used) {
    run("renew", key, () -> store.renew(key, used));
  }

  @Override
  public void clear() {
    if (transactions.isActive()) {
      throw new IllegalStateException(
          "clear on cache '"
              + name()
              + "' is not possible in a transaction, which knows only the keys that it names: remove"
              + " those, or clear the cache before or after");
    }
    store.clear();
  }

  @Override
  public long size() {
    return call("size", null, store::size);
  }

  @Override
  public Stream<Map.Entry<Object, Envelope>> entries() {
    return call("entries", null, store::entries);
  }

  @Override
  public Stream<Map.Entry<Object, Envelope>> localEntries() {
    return store.localEntries();
  }

  @Override
  public Registration listen(StoreListener listener, Set<CacheEvent.Type> types) {
    return store.listen(listener, types);
  }

  @Override
  public long evictions() {
    return store.evictions();
  }

  @Override
  public long expirations() {
    return store.expirations();
  }

  @Override
  public Topology topology() {
    return store.topology();
  }

  @Override
  public Registration onTopology(Consumer<Topology> listener) {
    return store.onTopology(listener);
  }

  @Override
  public <T> @Nullable T unwrap(Class<T> type) {
    return store.unwrap(type);
  }

  @Override
  public boolean isOpen() {
    return store.isOpen();
  }

  @Override
  public List<InDoubtTransaction> inDoubt() {
    return transactions.inDoubt().stream().filter(each -> each.cache().equals(name())).toList();
  }

  @Override
  public void destroy() {
    if (transactions.isActive()) {
      throw new IllegalStateException(
          "cache '" + name() + "' can't be destroyed in a transaction: end it first");
    }
    store.destroy();
  }
}
