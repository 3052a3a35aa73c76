/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Registration;
import org.memogrid.internal.node.Feature;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.wire.Wire;
import org.memogrid.internal.wire.WireException;
import org.memogrid.internal.wire.WireFormat;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/** The wire between members that talk over sockets. */
class WireTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final WireFormat<Integer> NUMBER = GateFeature.NUMBER;
  private static final WireFormat<byte[]> BYTES =
      new WireFormat<>() {
        @Override
        public void write(byte[] message, DataOutput out) throws IOException {
          out.writeInt(message.length);
          out.write(message);
        }

        @Override
        public byte[] read(DataInput in) throws IOException {
          byte[] message = new byte[in.readInt()];
          in.readFully(message);
          return message;
        }
      };

  private final FreePorts ports = FreePorts.take();

  @AfterEach
  void giveBackPorts() {
    ports.close();
  }

  @Test
  void messagesAndRepliesArriveInOrder() {
    try (Cluster one = node("one").join();
        Cluster two = node("two").join()) {
      List<Integer> heard = new CopyOnWriteArrayList<>();
      serve(
          one,
          in -> {
            heard.add(in.message());
            if (in.wantsReply()) {
              assertThat(in.from()).isEqualTo(two.self());
              assertThat(in.viewId()).isEqualTo(two.membership().id());
              in.reply(-in.message());
            }
          });
      for (int i = 0; i < 2_000; i++) {
        wire(two).send(one.self(), "s", NUMBER, i);
      }
      assertThat(wire(two).request(one.self(), "s", NUMBER, 2_000, LONG).join()).isEqualTo(-2_000);
      assertThat(heard).isEqualTo(IntStream.rangeClosed(0, 2_000).boxed().toList());
    }
  }

  @Test
  void aMessageLargerThanAFragmentArrives() {
    try (Cluster one = node("one").join();
        Cluster two = node("two").join()) {
      CompletableFuture<Integer> size = new CompletableFuture<>();
      var unused = wire(one).serve("big", BYTES, in -> size.complete(in.message().length));
      wire(two).send(one.self(), "big", BYTES, new byte[1_000_000]);
      assertThat(size).succeedsWithin(LONG).isEqualTo(1_000_000);
    }
  }

  /** Sent as soon as the joiner is known here, and before its feature has started there. */
  @Test
  void aJoinerLosesNoMessage() {
    GateFeature.Gate gate = GateFeature.before("gated");
    try (Cluster one = node("one").join()) {
      Registration sender =
          one.onMembership(
              (before, now) -> {
                for (int i = 0; i < 10; i++) {
                  wire(one).send(now.members().get(1), GateFeature.SERVICE, NUMBER, i);
                }
                gate.open();
              });
      try (Cluster two = node("gated").join()) {
        assertThat(two.unwrap(Node.class).feature(GateFeature.class)).isNotNull();
        Await.untilAsserted(
            "all messages",
            () -> assertThat(gate.heard()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
        sender.close();
      }
    }
  }

  @Test
  void aMemberThatVanishesFailsItsRequests() throws Exception {
    try (Cluster one = node("one").join()) {
      Cluster two = node("two").join();
      serve(two, in -> {}); // never answers
      CompletableFuture<Integer> reply = wire(one).request(two.self(), "s", NUMBER, 1, LONG);
      Await.until("sent", () -> !reply.isDone());
      two.close();
      assertThatThrownBy(() -> reply.get(60, TimeUnit.SECONDS))
          .cause()
          .isInstanceOf(WireException.class)
          .hasMessageContaining("member two, service 's': the member left the cluster");
    }
  }

  @Test
  void aMemberAloneTalksToItself() {
    try (Cluster alone = Cluster.local()) {
      serve(alone, in -> in.reply(in.message() + 1));
      assertThat(wire(alone).request(alone.self(), "s", NUMBER, 1, LONG).join()).isEqualTo(2);
      CompletableFuture<Integer> none = wire(alone).request(alone.self(), "none", NUMBER, 1, LONG);
      assertThatThrownBy(none::join).hasMessageContaining("it has no such service");
    }
  }

  @Test
  void whoAsksForAFeatureThatIsNotThereIsTold() {
    try (Cluster alone = Cluster.local()) {
      Node node = alone.unwrap(Node.class);
      assertThatThrownBy(() -> Objects.requireNonNull(node.feature(Absent.class)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(Absent.class.getName())
          .hasMessageContaining("add the module that brings it");
    }
  }

  private abstract static class Absent implements Feature {}

  private ClusterBuilder node(String name) {
    return Cluster.builder()
        .name("wire-test")
        .nodeName(name)
        .port(ports.base())
        .timing(TestTiming.ONE_AFTER_ANOTHER);
  }

  private static Wire wire(Cluster cluster) {
    return cluster.unwrap(Node.class).wire();
  }

  private static void serve(Cluster cluster, Wire.Handler<Integer> handler) {
    var unused = wire(cluster).serve("s", NUMBER, handler);
  }
}
