/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import java.util.Set;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;

/**
 * This process's membership in a cluster, and the door to what lives on it: caches here, memos and
 * more from the other modules, which take a cluster when they are built. A process may be in
 * several clusters, and in one cluster several times.
 *
 * <p>Members that cannot reach each other form clusters of their own until they can again; what is
 * guaranteed then is said by {@link Partitions}.
 *
 * <p>Thread-safe. After {@link #close()} every method but {@link #name()}, {@link #self()} and
 * {@link #close()} throws {@link IllegalStateException}. A process that ends in an orderly way
 * closes its clusters.
 *
 * <pre>{@code
 * try (Cluster cluster = Cluster.builder().name("shop").join()) {
 *   Cache<String, Price> prices = cluster.cache("prices", Mode.REPLICATED);
 *   ...
 * }
 * }</pre>
 */
public interface Cluster extends AutoCloseable {
  /** A builder with nothing set; {@link ClusterBuilder#fromEnvironment()} fills what is not set. */
  static ClusterBuilder builder() {
    return new ClusterBuilder();
  }

  /**
   * A cluster of one that opens no socket: every mode is {@link Mode#LOCAL}, whatever is asked for.
   * For tests, and for programs that have nobody to share with.
   */
  static Cluster local() {
    return new ClusterBuilder().alone(() -> {});
  }

  /**
   * The process's own cluster, joined from the {@linkplain ClusterBuilder#fromEnvironment
   * environment} by the first call, which the others wait for; after it was closed, the next call
   * joins again. A join that failed is tried again by the next call.
   *
   * @throws IllegalStateException if it can't be joined, as {@link ClusterBuilder#join()}
   */
  static Cluster shared() {
    return SharedCluster.get();
  }

  /** The name that all members share. */
  String name();

  /** This process as the others see it. */
  Member self();

  /** Who is in the cluster now, as this member knows it. */
  Membership membership();

  /**
   * Has {@code listener} told of every change of the membership from now on, in order, on a thread
   * that all such listeners of this member share. What it throws is logged.
   *
   * @return ends it; changes that are on their way may still be told
   */
  Registration onMembership(MembershipListener listener);

  /**
   * The cache of that name with the options it has, whoever opened it; if there is none, one in
   * mode {@link Mode#DISTRIBUTED}, or {@link Mode#LOCAL} in a cluster without network.
   *
   * @throws IllegalArgumentException if the name is blank or begins with {@code org.memogrid.}
   */
  <K, V> Cache<K, V> cache(String name);

  /**
   * The cache of that name in a mode, with its other options as they are by default.
   *
   * @throws IllegalArgumentException if the name is blank or begins with {@code org.memogrid.}
   * @throws IllegalStateException if there is one with other options, showing both
   */
  <K, V> Cache<K, V> cache(String name, Mode mode);

  /**
   * The cache of that name. It is opened on every member, and on those that join later. Each call
   * gives a handle of its own.
   *
   * @throws IllegalArgumentException if the name is blank or begins with {@code org.memogrid.}
   * @throws IllegalStateException if there is one with other options, showing both
   */
  <K, V> Cache<K, V> cache(String name, CacheOptions options);

  /** The names of the users' caches that are open, here or on any member. */
  Set<String> cacheNames();

  /**
   * The engine's own object of a type. What can be had may change with any release.
   *
   * @throws IllegalArgumentException if there is none
   */
  <T> T unwrap(Class<T> type);

  /**
   * Leaves the cluster and lets go of all that this process holds of it; waiters are released.
   * Daemons, jobs and pipelines here are ended first, then queues, then memos; caches that are open
   * already can be used until these are done, so that a task's last write is made. The others know
   * at once, and keep the entries of which they are owners. Closing again does nothing.
   */
  @Override
  void close();
}
