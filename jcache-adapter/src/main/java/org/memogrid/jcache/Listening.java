/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.List;
import java.util.concurrent.Executor;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.configuration.Factory;
import javax.cache.event.CacheEntryCreatedListener;
import javax.cache.event.CacheEntryEventFilter;
import javax.cache.event.CacheEntryExpiredListener;
import javax.cache.event.CacheEntryListener;
import javax.cache.event.CacheEntryListenerException;
import javax.cache.event.CacheEntryRemovedListener;
import javax.cache.event.CacheEntryUpdatedListener;
import javax.cache.event.EventType;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Serial;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One registered listener: what it wants to hear, and how it is told. */
final class Listening<K, V> {
  private static final Logger LOG = LoggerFactory.getLogger(Listening.class);

  final CacheEntryListenerConfiguration<K, V> configuration;
  private final CacheEntryListener<? super K, ? super V> listener;
  private final @Nullable CacheEntryEventFilter<? super K, ? super V> filter;
  private final @Nullable Serial later;
  private volatile boolean ended;

  /**
   * @param threads tell the listener unless it is synchronous
   */
  Listening(CacheEntryListenerConfiguration<K, V> configuration, Executor threads) {
    this.configuration = configuration;
    this.listener = configuration.getCacheEntryListenerFactory().create();
    Factory<CacheEntryEventFilter<? super K, ? super V>> filters =
        configuration.getCacheEntryEventFilterFactory();
    try {
      this.filter = filters == null ? null : filters.create();
    } catch (RuntimeException | Error e) {
      Lives.close(listener);
      throw e;
    }
    this.later = configuration.isSynchronous() ? null : new Serial(threads);
  }

  boolean hears(EventType type) {
    return switch (type) {
      case CREATED -> listener instanceof CacheEntryCreatedListener;
      case UPDATED -> listener instanceof CacheEntryUpdatedListener;
      case REMOVED -> listener instanceof CacheEntryRemovedListener;
      case EXPIRED -> listener instanceof CacheEntryExpiredListener;
    };
  }

  /**
   * Tells it, on this thread if it is synchronous.
   *
   * @throws CacheEntryListenerException what a synchronous listener or its filter threw
   */
  void tell(Event<K, V> event) {
    if (later == null) {
      deliver(event);
      return;
    }
    later.execute(
        () -> {
          try {
            deliver(event);
          } catch (RuntimeException | Error e) {
            LOG.warn("listener {} failed on {}", listener, event, e);
          }
        });
  }

  private void deliver(Event<K, V> event) {
    if (ended) {
      return;
    }
    try {
      if (filter == null || filter.evaluate(event)) {
        call(event);
      }
    } catch (CacheEntryListenerException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new CacheEntryListenerException("listener " + listener + " failed on " + event, e);
    }
  }

  @SuppressWarnings("unchecked") // one that takes any key and value takes these
  private void call(Event<K, V> event) {
    switch (event.getEventType()) {
      case CREATED -> ((CacheEntryCreatedListener<K, V>) listener).onCreated(List.of(event));
      case UPDATED -> ((CacheEntryUpdatedListener<K, V>) listener).onUpdated(List.of(event));
      case REMOVED -> ((CacheEntryRemovedListener<K, V>) listener).onRemoved(List.of(event));
      case EXPIRED -> ((CacheEntryExpiredListener<K, V>) listener).onExpired(List.of(event));
    }
  }

  /** It hears nothing from now on. */
  void end() {
    if (ended) {
      return;
    }
    ended = true;
    Lives.close(listener);
    Lives.close(filter);
  }
}
