/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import javax.cache.CacheException;
import javax.cache.configuration.CacheEntryListenerConfiguration;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.configuration.Factory;
import javax.cache.expiry.ExpiryPolicy;
import javax.cache.integration.CacheLoader;
import javax.cache.integration.CacheWriter;
import org.jspecify.annotations.Nullable;

/**
 * What the user's factories made for one cache, before anything is opened for it: all of it or, if
 * one of them fails, nothing that is not closed again.
 *
 * @param loader null if there is none
 * @param writer null if there is none, or nothing is written through
 */
record Made<K, V>(
    ExpiryPolicy policy,
    @Nullable CacheLoader<K, V> loader,
    @Nullable CacheWriter<? super K, ? super V> writer,
    List<Listening<K, V>> listeners) {

  /**
   * Calls the factories.
   *
   * @throws CacheException that says which of them failed
   */
  static <K, V> Made<K, V> of(
      String cache, CompleteConfiguration<K, V> configuration, Executor threads) {
    List<Object> made = new ArrayList<>();
    String step = "expiry policy";
    try {
      ExpiryPolicy policy = note(made, configuration.getExpiryPolicyFactory().create());
      step = "loader";
      Factory<CacheLoader<K, V>> loaders = configuration.getCacheLoaderFactory();
      CacheLoader<K, V> loader = loaders == null ? null : note(made, loaders.create());
      step = "writer";
      Factory<CacheWriter<? super K, ? super V>> writers = configuration.getCacheWriterFactory();
      CacheWriter<? super K, ? super V> writer =
          writers == null || !configuration.isWriteThrough() ? null : note(made, writers.create());
      step = "listener";
      List<Listening<K, V>> listeners = new ArrayList<>();
      for (CacheEntryListenerConfiguration<K, V> each :
          configuration.getCacheEntryListenerConfigurations()) {
        Listening<K, V> listener = new Listening<>(each, threads);
        listeners.add(listener);
        made.add((AutoCloseable) listener::end);
      }
      return new Made<>(policy, loader, writer, listeners);
    } catch (RuntimeException e) {
      made.forEach(Lives::close);
      throw new CacheException(
          "cache '"
              + cache
              + "' could not be created: the factory of its "
              + step
              + " failed: "
              + e,
          e);
    } catch (Error e) {
      made.forEach(Lives::close);
      throw e;
    }
  }

  private static <T> T note(List<Object> made, T one) {
    made.add(one);
    return one;
  }

  void close() {
    Lives.close(policy);
    Lives.close(loader);
    Lives.close(writer);
    listeners.forEach(Listening::end);
  }
}
