/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.ClusterBuilder;

/**
 * A cluster of nodes that are JVMs of their own. The nodes know each other when a method returns,
 * unless it says otherwise. Not thread-safe; the nodes are.
 */
public final class ProcessCluster implements AutoCloseable {
  private static final AtomicInteger CLUSTERS = new AtomicInteger();

  private final FreePorts ports = FreePorts.take();
  private final String name =
      "test-" + ProcessHandle.current().pid() + "-p" + CLUSTERS.incrementAndGet();
  private final Settings settings;
  private final List<NodeProcess> nodes = new ArrayList<>();
  private final List<NodeProcess> started = new ArrayList<>();

  private ProcessCluster(Settings settings) {
    this.settings = settings;
  }

  public static ProcessCluster of(int nodes) {
    return of(nodes, builder -> builder);
  }

  /** A cluster whose nodes are built with further settings. */
  public static ProcessCluster of(int nodes, Settings settings) {
    ProcessCluster cluster = new ProcessCluster(settings);
    try {
      List<NodeProcess> spares = new ArrayList<>();
      for (int i = 0; i < nodes; i++) {
        spares.add(cluster.spare());
      }
      spares.forEach(cluster::join);
      return cluster;
    } catch (Throwable e) {
      cluster.close();
      throw e;
    }
  }

  /** Starts a JVM that is not a member yet, and does not wait for it. */
  public NodeProcess spare(String... jvmArgs) {
    NodeProcess spare = NodeProcess.start("n" + started.size(), jvmArgs);
    started.add(spare);
    return spare;
  }

  /** Makes a spare a member. */
  public NodeProcess join(NodeProcess spare) {
    joinAlone(spare);
    nodes.add(spare);
    awaitMembers();
    return spare;
  }

  /** Makes a spare a member of whatever it finds, and does not wait for the others. */
  public void joinAlone(NodeProcess spare) {
    spare.run(joining(spare.name()));
  }

  /** The task that joins, to be sent when the caller likes. */
  public NodeProcess.NodeAction joining(String nodeName) {
    String clusterName = name;
    int port = ports.base();
    Settings all = settings;
    return there ->
        there.join(
            all.apply(
                Cluster.builder()
                    .name(clusterName)
                    .nodeName(nodeName)
                    .bind("127.0.0.1")
                    .port(port)));
  }

  /** Starts a JVM that becomes a member. */
  public NodeProcess join(String... jvmArgs) {
    return join(spare(jvmArgs));
  }

  /** The nodes that are there, oldest first. */
  public List<NodeProcess> nodes() {
    return List.copyOf(nodes);
  }

  public NodeProcess node(int index) {
    return nodes.get(index);
  }

  /** Kills a node as {@code kill -9} does, and does not wait until the others know. */
  public void kill(NodeProcess node) {
    nodes.remove(node);
    node.kill();
  }

  /** Has a node leave as it should, and returns when the others know. */
  public void leave(NodeProcess node) {
    nodes.remove(node);
    node.leave();
    awaitMembers();
  }

  /** Waits until every node sees as many members as there are nodes. */
  public void awaitMembers() {
    int expected = nodes.size();
    for (NodeProcess node : nodes) {
      Await.until(
          expected + " members in the view of " + node,
          () -> node.call(there -> there.cluster().membership().members().size()) == expected);
    }
  }

  @Override
  public void close() {
    started.forEach(NodeProcess::close);
    nodes.clear();
    ports.close();
  }

  /** How nodes are built, beside their names and ports. Runs in the node's JVM. */
  @FunctionalInterface
  public interface Settings extends Serializable {
    ClusterBuilder apply(ClusterBuilder builder);
  }
}
