/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Registration;
import org.memogrid.internal.node.Feature;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.wire.WireFormat;

/** A feature that starts when its gate opens; on members without a gate it does nothing. */
public final class GateFeature implements Feature {
  static final String SERVICE = "gate";

  static final WireFormat<Integer> NUMBER =
      new WireFormat<>() {
        @Override
        public void write(Integer message, DataOutput out) throws IOException {
          out.writeInt(message);
        }

        @Override
        public Integer read(DataInput in) throws IOException {
          return in.readInt();
        }
      };

  private static final Map<String, Gate> GATES = new ConcurrentHashMap<>();

  private @Nullable Registration registration;
  private volatile @Nullable String said;

  /** A gate before the feature of the member with that node name. */
  static Gate before(String node) {
    Gate gate = new Gate(new CountDownLatch(1), new CopyOnWriteArrayList<>());
    GATES.put(node, gate);
    return gate;
  }

  /** Prints a word when this feature stops. */
  void sayWhenStopped(String word) {
    said = word;
  }

  @Override
  public Layer layer() {
    return Layer.BASE;
  }

  @Override
  public void start(Node node) {
    Gate gate = GATES.remove(node.membership().self().name());
    if (gate != null) {
      gate.await();
      registration = node.wire().serve(SERVICE, NUMBER, in -> gate.heard.add(in.message()));
    }
  }

  @Override
  public void stop() {
    if (said != null) {
      System.err.println(said);
    }
    if (registration != null) {
      registration.close();
    }
  }

  /** Holds a feature's start back, and keeps what the feature hears. */
  record Gate(CountDownLatch opened, List<Integer> heard) {
    void open() {
      opened.countDown();
    }

    private void await() {
      try {
        if (!opened.await(60, TimeUnit.SECONDS)) {
          throw new IllegalStateException("nobody opened the gate");
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
