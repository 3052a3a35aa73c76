/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import java.util.Set;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;

/** This process's membership in a cluster, and the door to what lives on it. Thread-safe. */
public interface Cluster extends AutoCloseable {
  static ClusterBuilder builder() {
    return new ClusterBuilder();
  }

  /** A cluster of one that opens no socket: every mode is {@link Mode#LOCAL}. */
  static Cluster local() {
    return new ClusterBuilder().alone(() -> {});
  }

  /**
   * The process's own cluster, joined from the {@linkplain ClusterBuilder#fromEnvironment
   * environment} by the first call; after it was closed, the next call joins again.
   */
  static Cluster shared() {
    return SharedCluster.get();
  }

  String name();

  Member self();

  Membership membership();

  Registration onMembership(MembershipListener listener);

  <K, V> Cache<K, V> cache(String name);

  <K, V> Cache<K, V> cache(String name, Mode mode);

  <K, V> Cache<K, V> cache(String name, CacheOptions options);

  Set<String> cacheNames();

  <T> T unwrap(Class<T> type);

  @Override
  void close();
}
