/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.node;

import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Membership;
import org.memogrid.cluster.MembershipListener;
import org.memogrid.internal.store.Store;
import org.memogrid.internal.store.Transacting;
import org.memogrid.internal.wire.Wire;

/** What a member offers the feature modules: {@code cluster.unwrap(Node.class)}. Not for users. */
public interface Node {
  Membership membership();

  /**
   * Has {@code watcher} told that the view has changed, on the thread that delivers it, which it
   * must not block. Unlike a user's listener it is never held up by another.
   */
  Registration onView(Runnable watcher);

  /** Tells of every change of the membership from now on, in order, on one thread at a time. */
  Registration onMembership(MembershipListener listener);

  Wire wire();

  Codec codec();

  /** A codec for copies that stay in this process: no allow list, classes from {@code loader}. */
  Codec copying(ClassLoader loader);

  /** Opens a store on every member of the cluster, as {@code Cluster.cache} does for users. */
  Store store(String name, CacheOptions options);

  /** The transactions that this member's transactional stores take part in. */
  Transacting transactions();

  /** For work that blocks, such as store calls. Not for the user's code. */
  Executor workers();

  /**
   * For listeners of the user's, which may block: they hold up each other when as many as there are
   * threads do, and never the member's own work.
   */
  Executor listeners();

  ScheduledExecutorService scheduler();

  /** What entries' lives are counted by; that of the stores. */
  InstantSource clock();

  /** Whether it is the process's own, {@code Cluster.shared()}. */
  boolean isShared();

  /** The feature of that type on this member. */
  <F extends Feature> F feature(Class<F> type);
}
