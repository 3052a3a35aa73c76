/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;
import org.memogrid.testkit.RemoteCache;
import org.memogrid.testkit.TestCluster;

/** Nodes of one cluster, wherever they run, as a contract test sees them. */
interface Grid extends AutoCloseable {
  /** Whose classes may cross the wire in these tests. */
  String ALLOWED = "org.memogrid.modes.samples.*";

  int size();

  <K, V> Cache<K, V> open(int node, RemoteCache.Opening opening);

  /** Does something to a node's cluster, where that node is. */
  <R extends @Nullable Object> R on(int node, Task<R> task);

  @Override
  void close();

  static Grid inOneJvm(int nodes) {
    return new InOneJvm(TestCluster.of(nodes, builder -> builder.allow(ALLOWED)));
  }

  static Grid inProcesses(int nodes) {
    return new InProcesses(ProcessCluster.of(nodes, builder -> builder.allow(ALLOWED)));
  }

  /** What can be done to a cluster in any JVM. */
  @FunctionalInterface
  interface Task<R extends @Nullable Object> extends Serializable {
    R run(Cluster cluster) throws Exception;
  }

  /** Nodes that share this JVM. */
  record InOneJvm(TestCluster cluster) implements Grid {
    @Override
    public int size() {
      return cluster.nodes().size();
    }

    @Override
    @SuppressWarnings("unchecked")
    public <K, V> Cache<K, V> open(int node, RemoteCache.Opening opening) {
      return (Cache<K, V>) opening.open(cluster.node(node));
    }

    @Override
    public <R extends @Nullable Object> R on(int node, Task<R> task) {
      try {
        return task.run(cluster.node(node));
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void close() {
      cluster.close();
    }
  }

  /** Nodes in JVMs of their own. */
  record InProcesses(ProcessCluster cluster) implements Grid {
    @Override
    public int size() {
      return cluster.nodes().size();
    }

    @Override
    public <K, V> Cache<K, V> open(int node, RemoteCache.Opening opening) {
      return RemoteCache.open(cluster.node(node), opening);
    }

    @Override
    public <R extends @Nullable Object> R on(int node, Task<R> task) {
      NodeProcess process = cluster.node(node);
      return process.call(there -> task.run(there.cluster()));
    }

    @Override
    public void close() {
      cluster.close();
    }
  }
}
