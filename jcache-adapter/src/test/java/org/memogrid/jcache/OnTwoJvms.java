/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** A test on a cluster of two JVMs of its own. */
abstract class OnTwoJvms {
  static ProcessCluster cluster;
  static NodeProcess a;
  static NodeProcess b;

  @BeforeAll
  static void start() {
    cluster = ProcessCluster.of(2);
    a = cluster.node(0);
    b = cluster.node(1);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  /** The cache of that name on both members. */
  static void createOnBoth(String name, Mode mode) {
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.create(there, name, mode));
    }
  }

  static void put(NodeProcess node, String name, String key, int value) {
    node.run(there -> Peer.cache(there, name).put(key, value));
  }

  static Integer get(NodeProcess node, String name, String key) {
    return node.call(there -> Peer.cache(there, name).get(key));
  }

  static List<String> heard(NodeProcess node) {
    return node.call(there -> Peer.heard());
  }
}
