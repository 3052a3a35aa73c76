/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.examples;

import java.util.List;
import org.memogrid.testkit.FreePorts;
import org.memogrid.testkit.NodeProcess;

/**
 * Two JVMs with the settings that a program has from outside: whatever asks for the provider of
 * JSR-107 there finds one cluster.
 */
final class TwoNodes implements AutoCloseable {
  private final FreePorts ports = FreePorts.take();
  private final NodeProcess one;
  private final NodeProcess two;

  /** Starts them. The first cache that one of them opens makes it a member. */
  TwoNodes(String name, String allowed) {
    this.one = start(name, "one", allowed);
    this.two = start(name, "two", allowed);
  }

  private NodeProcess start(String name, String node, String allowed) {
    return NodeProcess.start(
        name + "-" + node,
        "-Dmemogrid.cluster.name=" + name + "-" + ProcessHandle.current().pid(),
        "-Dmemogrid.node.name=" + node,
        "-Dmemogrid.bind=127.0.0.1",
        "-Dmemogrid.port=" + ports.base(),
        "-Dmemogrid.allow=" + allowed,
        "-Dorg.jboss.logging.provider=slf4j");
  }

  NodeProcess one() {
    return one;
  }

  NodeProcess two() {
    return two;
  }

  List<NodeProcess> both() {
    return List.of(one, two);
  }

  @Override
  public void close() {
    one.close();
    two.close();
    ports.close();
  }
}
