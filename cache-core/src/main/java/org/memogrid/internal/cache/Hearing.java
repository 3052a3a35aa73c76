/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheListener;
import org.memogrid.internal.store.Envelope;
import org.memogrid.internal.store.Serial;
import org.memogrid.internal.store.StoreListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a store's changes to one user's listener, in order, on a thread for such listeners: one
 * that is slow or throws is no concern of the writer's, nor of the member's own work.
 */
final class Hearing<K, V> implements StoreListener {
  private static final Logger LOG = LoggerFactory.getLogger(Hearing.class);

  private final Opened opened;
  private final CacheListener<K, V> listener;
  private final Serial serial;
  private volatile boolean ended;

  Hearing(Opened opened, CacheListener<K, V> listener) {
    this.opened = opened;
    this.listener = listener;
    this.serial = new Serial(opened.listeners);
  }

  /** Nothing is heard from now on, not even what waits. */
  void end() {
    ended = true;
  }

  @Override
  public void onChange(
      CacheEvent.Type type, Object key, @Nullable Envelope value, @Nullable Envelope old) {
    serial.execute(() -> deliver(type, key, value, old));
  }

  @SuppressWarnings("unchecked") // what the users of the cache put
  private void deliver(
      CacheEvent.Type type, Object key, @Nullable Envelope value, @Nullable Envelope old) {
    if (ended) {
      return;
    }
    try {
      V before = open(old);
      V after = value == null ? before : open(value);
      listener.onEvent(new CacheEvent<>(type, (K) key, after, before));
    } catch (RuntimeException | Error e) {
      LOG.warn("a listener of cache '{}' failed on {} of {}", opened.store.name(), type, key, e);
    }
  }

  @SuppressWarnings("unchecked")
  private @Nullable V open(@Nullable Envelope entry) {
    return entry == null || entry.isTombstone() ? null : (V) entry.value(opened.codec);
  }
}
