/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import org.memogrid.internal.engine.Discovery;
import org.memogrid.internal.engine.EngineOptions;
import org.memogrid.internal.engine.Timing;
import org.memogrid.internal.node.MemberNode;

/** Collects how to join a cluster. */
public final class ClusterBuilder {
  private static final int PORT_RANGE = 10;

  private String name = "memogrid";
  private String nodeName = "node-" + ProcessHandle.current().pid();
  private int port = 7800;
  private Timing timing = Timing.DEFAULT;

  ClusterBuilder() {}

  @CanIgnoreReturnValue
  public ClusterBuilder name(String name) {
    this.name = name;
    return this;
  }

  @CanIgnoreReturnValue
  public ClusterBuilder nodeName(String nodeName) {
    this.nodeName = nodeName;
    return this;
  }

  @CanIgnoreReturnValue
  public ClusterBuilder port(int port) {
    this.port = port;
    return this;
  }

  public Cluster join() {
    MemberNode node =
        MemberNode.join(
            new EngineOptions(
                name,
                nodeName,
                "127.0.0.1",
                port,
                PORT_RANGE,
                new Discovery.SameMachine(),
                Partitions.AVAILABLE,
                timing,
                new PendingCodec()));
    return new JoinedCluster(name, node, () -> {});
  }

  Cluster alone() {
    return new JoinedCluster("local", MemberNode.alone(nodeName, new PendingCodec()), () -> {});
  }

  private static final class PendingCodec implements Codec {
    @Override
    public byte[] encode(Object object) {
      throw new UnsupportedOperationException("the codec comes with one of the next commits");
    }

    @Override
    public Object decode(byte[] bytes) {
      throw new UnsupportedOperationException("the codec comes with one of the next commits");
    }
  }
}
