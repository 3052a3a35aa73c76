/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.ClusterBuilder;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.TestTiming;

/**
 * A cluster of nodes in this JVM, each with a name and ports of its own, that nobody else meets.
 * The nodes are there and know each other when a method returns. Not thread-safe.
 *
 * <pre>{@code
 * try (TestCluster cluster = TestCluster.of(3)) {
 *   cluster.node(0).cache("c").put("k", "v");
 *   cluster.crash(2);
 *   cluster.join();
 * }
 * }</pre>
 */
public final class TestCluster implements AutoCloseable {
  private static final AtomicInteger CLUSTERS = new AtomicInteger();

  private final FreePorts ports;
  private final boolean ownPorts;
  private final String name =
      "test-" + ProcessHandle.current().pid() + "-" + CLUSTERS.incrementAndGet();
  private final UnaryOperator<ClusterBuilder> settings;
  private final List<Cluster> nodes = new ArrayList<>();
  private int joined;

  private TestCluster(FreePorts ports, boolean ownPorts, UnaryOperator<ClusterBuilder> settings) {
    this.ports = ports;
    this.ownPorts = ownPorts;
    this.settings = settings;
  }

  public static TestCluster of(int nodes) {
    return of(nodes, UnaryOperator.identity());
  }

  /** A cluster whose nodes are built with further settings. */
  public static TestCluster of(int nodes, UnaryOperator<ClusterBuilder> settings) {
    return started(nodes, new TestCluster(FreePorts.take(), true, settings));
  }

  /** Another cluster on the ports of this one, which is to be closed later. */
  public TestCluster beside(int nodes) {
    return started(nodes, new TestCluster(ports, false, settings));
  }

  private static TestCluster started(int nodes, TestCluster cluster) {
    try {
      for (int i = 0; i < nodes; i++) {
        cluster.join();
      }
      return cluster;
    } catch (Throwable e) {
      cluster.close();
      throw e;
    }
  }

  /** The nodes that are there, oldest first. */
  public List<Cluster> nodes() {
    return List.copyOf(nodes);
  }

  /** The node at a place among those that are there. */
  public Cluster node(int index) {
    return nodes.get(index);
  }

  /** Adds a node, and returns it when all know it. */
  public Cluster join() {
    ClusterBuilder builder = builder("n" + joined++);
    Cluster node = (ownPorts && nodes.isEmpty() ? TestTiming.first(builder) : builder).join();
    nodes.add(node);
    awaitMembers();
    return node;
  }

  /** A builder for a node of this cluster that the caller joins and closes. */
  public ClusterBuilder builder(String nodeName) {
    return settings.apply(
        Cluster.builder().name(name).nodeName(nodeName).bind("127.0.0.1").port(ports.base()));
  }

  /** Has a node leave as it should, and returns when the others know. */
  public void leave(int index) {
    nodes.remove(index).close();
    awaitMembers();
  }

  /** Cuts nodes off without a word, as a crash does, at once, and returns when the others know. */
  public void crash(int... indexes) {
    List<Cluster> crashing = Arrays.stream(indexes).mapToObj(nodes::get).toList();
    nodes.removeAll(crashing);
    CompletableFuture.allOf(
            crashing.stream()
                .map(node -> CompletableFuture.runAsync(() -> Crash.of(node)))
                .toArray(CompletableFuture[]::new))
        .join();
    awaitMembers();
  }

  /** Waits until every node sees all nodes and nobody else. */
  public void awaitMembers() {
    Set<String> expected = nodes.stream().map(node -> node.self().id()).collect(Collectors.toSet());
    for (Cluster node : nodes) {
      Await.until(
          expected.size() + " members in the view of " + node.self(),
          () ->
              node.membership().members().stream()
                  .map(Member::id)
                  .collect(Collectors.toSet())
                  .equals(expected));
    }
  }

  @Override
  public void close() {
    for (int i = nodes.size() - 1; i >= 0; i--) {
      nodes.get(i).close();
    }
    nodes.clear();
    if (ownPorts) {
      ports.close();
    }
  }
}
