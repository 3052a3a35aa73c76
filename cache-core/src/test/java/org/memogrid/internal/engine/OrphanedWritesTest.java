/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.infinispan.distribution.DistributionInfo;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.remoting.transport.Address;
import org.infinispan.remoting.transport.Transport;
import org.infinispan.remoting.transport.jgroups.JGroupsTransport;
import org.infinispan.util.concurrent.CommandAckCollector;
import org.jgroups.JChannel;
import org.jgroups.protocols.DISCARD;
import org.jgroups.protocols.TP;
import org.jgroups.stack.ProtocolStack;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.Settled;

/**
 * A primary owner that answers a write and is gone before it has passed it on: here since nothing
 * from it arrives at the other owner.
 */
final class OrphanedWritesTest {
  private static final int WRITER = 0;
  private static final int BACKUP = 1;
  private static final int PRIMARY = 2;

  private final ExecutorService threads = Executors.newCachedThreadPool();

  @Test
  void aWriteThatItsPrimaryOwnerAnsweredAndDidNotPassOnIsMadeAllTheSame() throws Exception {
    try (LoopCluster cluster = new LoopCluster(new SerialCodec(), 3)) {
      Cache<Integer, Integer> cache = cluster.caches(WRITER).cache("c", Mode.DISTRIBUTED);
      Await.until("three members at rest", () -> Settled.among(cache, 3));
      List<Integer> keys = keys(cluster);
      keys.subList(2, 4).forEach(key -> cache.put(key, 0));

      silence(cluster);
      List<Future<Boolean>> writes = new ArrayList<>();
      writes.add(start(() -> done(() -> cache.put(keys.get(0), 1))));
      writes.add(start(() -> cache.putIfAbsent(keys.get(1), 1) == null));
      writes.add(start(() -> cache.replace(keys.get(2), 0, 1)));
      writes.add(start(() -> cache.remove(keys.get(3), 0)));
      writes.add(start(() -> done(() -> cache.putAll(Map.of(keys.get(4), 1, keys.get(5), 1)))));
      Await.untilAsserted(
          "the primary owner's answers",
          () ->
              assertThat(waiting(cluster))
                  .hasSameSizeAs(writes)
                  .allMatch(write -> write.contains("primaryResultReceived=true")));
      cluster.crash(PRIMARY);

      for (Future<Boolean> write : writes) {
        assertThat(write.get(60, TimeUnit.SECONDS)).isTrue();
      }
      for (int member : List.of(WRITER, BACKUP)) {
        Cache<Integer, Integer> here = cluster.caches(member).cache("c");
        assertThat(keys.stream().map(here::get)).containsExactly(1, 1, 1, null, 1, 1);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private Future<Boolean> start(Callable<Boolean> write) {
    return threads.submit(write);
  }

  private static boolean done(Runnable write) {
    write.run();
    return true;
  }

  /** Of which one member orders the writes, and another has a copy. */
  private static List<Integer> keys(LoopCluster cluster) {
    var cache = cluster.node(WRITER).engineCache("c").getAdvancedCache();
    List<Address> members =
        IntStream.range(0, 3)
            .mapToObj(member -> cluster.node(member).manager().getAddress())
            .toList();
    return IntStream.range(0, 10_000)
        .filter(
            key -> {
              DistributionInfo owners =
                  cache
                      .getDistributionManager()
                      .getCacheTopology()
                      .getDistribution(ClusterKey.of(key, new SerialCodec()));
              return owners.primary().equals(members.get(PRIMARY))
                  && owners.writeBackups().contains(members.get(BACKUP));
            })
        .limit(6)
        .boxed()
        .toList();
  }

  /** Nothing of the primary owner arrives at the other owner any more. */
  private static void silence(LoopCluster cluster) throws Exception {
    channel(cluster, BACKUP)
        .getProtocolStack()
        .insertProtocol(
            new DISCARD().addIgnoreMember(channel(cluster, PRIMARY).getAddress()),
            ProtocolStack.Position.ABOVE,
            TP.class);
  }

  private static JChannel channel(LoopCluster cluster, int member) {
    return ((JGroupsTransport)
            GlobalComponentRegistry.componentOf(cluster.node(member).manager(), Transport.class))
        .getChannel();
  }

  /** The writes that wait for others, as the engine shows them. */
  private static List<String> waiting(LoopCluster cluster) throws ReflectiveOperationException {
    CommandAckCollector collector =
        ComponentRegistry.componentOf(
            cluster.node(WRITER).engineCache("c"), CommandAckCollector.class);
    Field waiting = CommandAckCollector.class.getDeclaredField("collectorMap");
    waiting.setAccessible(true);
    return ((Map<?, ?>) waiting.get(collector)).values().stream().map(Object::toString).toList();
  }
}
