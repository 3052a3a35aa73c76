/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Registration;
import org.memogrid.internal.cache.Caches;
import org.memogrid.internal.engine.ClusterEngine;
import org.memogrid.internal.node.Beans;
import org.memogrid.internal.node.MemberNode;
import org.memogrid.internal.node.Node;

/** A cluster that this process is in, alone or with others. */
final class JoinedCluster implements Cluster {
  private final String name;
  private final MemberNode node;
  private final Caches caches;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Thread hook;
  private final Runnable onClose;

  /** Leaves again if the process is ending. */
  static JoinedCluster of(String name, MemberNode node, Runnable onClose, boolean closeOnExit) {
    JoinedCluster cluster = new JoinedCluster(name, node, onClose);
    if (!closeOnExit) {
      return cluster;
    }
    try {
      Runtime.getRuntime().addShutdownHook(cluster.hook);
      return cluster;
    } catch (IllegalStateException e) {
      cluster.close();
      throw e;
    }
  }

  private JoinedCluster(String name, MemberNode node, Runnable onClose) {
    this.name = name;
    this.node = node;
    this.onClose = onClose;
    this.caches =
        new Caches(
            node.stores(),
            node.engine() == null ? Mode.LOCAL : Mode.DISTRIBUTED,
            node.codec(),
            node.clock(),
            node.workers(),
            node.listeners(),
            (cache, bean) -> Beans.show("Cache", cache, node.membership().self().name(), bean));
    this.hook = new Thread(this::leaveAtExit, "memogrid-" + node.membership().self() + "-shutdown");
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Member self() {
    return node.membership().self();
  }

  @Override
  public Membership membership() {
    return open().membership();
  }

  @Override
  public Registration onMembership(MembershipListener listener) {
    Objects.requireNonNull(listener, "listener");
    return open().memberships().listen(listener);
  }

  @Override
  public <K, V> Cache<K, V> cache(String name) {
    return openCaches().cache(name);
  }

  @Override
  public <K, V> Cache<K, V> cache(String name, Mode mode) {
    return openCaches().cache(name, mode);
  }

  @Override
  public <K, V> Cache<K, V> cache(String name, CacheOptions options) {
    return openCaches().cache(name, options);
  }

  @Override
  public Set<String> cacheNames() {
    return openCaches().names();
  }

  @Override
  public <T> T unwrap(Class<T> type) {
    Objects.requireNonNull(type, "type");
    if (type == Node.class) {
      return type.cast(open());
    }
    ClusterEngine engine = open().engine();
    @Nullable Object own = engine == null ? null : engine.unwrap(type);
    if (own == null) {
      throw new IllegalArgumentException(
          "cluster '" + name + "' has no " + type.getName() + " to give away");
    }
    return type.cast(own);
  }

  @Override
  public void close() {
    if (leave()) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // The process is ending: the hook finds the cluster closed.
      }
    }
  }

  private void leaveAtExit() {
    var unused = leave();
  }

  /** Leaves once; false if somebody did already. Returns when this process has left. */
  private boolean leave() {
    synchronized (hook) {
      if (!closed.compareAndSet(false, true)) {
        return false;
      }
      try {
        node.quiesce();
        caches.close(); // not before: what a daemon does last may be a write
        node.close();
      } finally {
        onClose.run();
      }
      return true;
    }
  }

  private Caches openCaches() {
    var unused = open();
    return caches;
  }

  private MemberNode open() {
    if (closed.get()) {
      throw new IllegalStateException(
          "cluster '" + name + "' is closed: join again with Cluster.builder()");
    }
    return node;
  }

  @Override
  public String toString() {
    return "Cluster[" + name + ", " + node.membership() + (closed.get() ? ", closed]" : "]");
  }
}
