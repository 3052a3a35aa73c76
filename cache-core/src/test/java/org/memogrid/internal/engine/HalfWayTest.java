/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNullElse;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.infinispan.AdvancedCache;
import org.infinispan.distribution.LocalizedCacheTopology;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.notifications.Listener;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryCreated;
import org.infinispan.notifications.cachelistener.annotation.CacheEntryModified;
import org.infinispan.notifications.cachelistener.event.CacheEntryEvent;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.engine.OptionsRegistry.State;
import org.memogrid.internal.store.Envelope;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** Processes that end, as by {@code kill -9}, while a cache begins or ends on all members. */
@SuppressWarnings("serial") // tasks go to JVMs of our own
class HalfWayTest {
  private static final String PREFIX = "half-way-";
  private static final int MISSING = -1;
  private static final List<Mode> MODES =
      List.of(Mode.INVALIDATED, Mode.REPLICATED, Mode.DISTRIBUTED);

  private record Named(Mode mode, String name) implements Serializable {
    Cache<String, Integer> open(NodeContext there) {
      return there.cluster().cache(name, mode);
    }
  }

  /**
   * Ends its process while it does its part of writes about some caches, when it has come so far
   * with all of them. Of those that it orders all others have done their part by then; those that
   * another orders wait for it.
   */
  @Listener(observation = Listener.Observation.POST)
  static final class Death {
    private final Map<String, State> awaited;

    Death(Map<String, State> awaited) {
      this.awaited = new ConcurrentHashMap<>(awaited);
    }

    @CacheEntryCreated
    @CacheEntryModified
    public CompletionStage<Void> onChange(CacheEntryEvent<String, Envelope> event) {
      if (!awaited.remove(event.getKey(), State.of(event.getValue()))) {
        return CompletableFuture.completedFuture(null);
      }
      if (awaited.isEmpty()) {
        Runtime.getRuntime().halt(137);
      }
      return new CompletableFuture<>();
    }
  }

  private static AdvancedCache<String, Envelope> registry(Cluster cluster) {
    return cluster
        .unwrap(EmbeddedCacheManager.class)
        .<String, Envelope>getCache(OptionsRegistry.NAME)
        .getAdvancedCache();
  }

  /** One of each mode, whose beginning and end a member orders. */
  private static List<Named> orderedBy(NodeProcess node) {
    return node.call(
        there -> {
          AdvancedCache<String, Envelope> registry = registry(there.cluster());
          LocalizedCacheTopology topology = registry.getDistributionManager().getCacheTopology();
          Iterator<String> names =
              IntStream.range(0, 10_000)
                  .mapToObj(i -> PREFIX + i)
                  .filter(name -> topology.getDistribution(name).isPrimary())
                  .iterator();
          return MODES.stream()
              .map(mode -> new Named(mode, names.next()))
              .collect(Collectors.toCollection(ArrayList::new));
        });
  }

  private static List<Named> orderedBy(NodeProcess one, NodeProcess other) {
    List<Named> both = new ArrayList<>(orderedBy(one));
    both.addAll(orderedBy(other));
    return both;
  }

  private static Map<String, State> at(State state, List<Named> caches) {
    return caches.stream().collect(Collectors.toMap(Named::name, each -> state));
  }

  private static void dieAt(NodeProcess node, Map<String, State> states) {
    HashMap<String, State> sent = new HashMap<>(states);
    node.run(there -> registry(there.cluster()).addListener(new Death(sent)));
  }

  /** All at once, and without waiting for any. */
  private static List<CompletableFuture<String>> start(
      NodeProcess node, List<Named> caches, Function<Named, NodeProcess.NodeAction> tasks) {
    List<CompletableFuture<String>> calls = new ArrayList<>();
    for (Named each : caches) {
      NodeProcess.NodeAction task = tasks.apply(each);
      calls.add(
          node.callAsync(
              there -> {
                task.run(there);
                return each.name();
              }));
    }
    return calls;
  }

  private static void await(List<CompletableFuture<String>> calls) {
    for (CompletableFuture<String> call : calls) {
      assertThat(call).succeedsWithin(NodeProcess.PATIENCE);
    }
  }

  private static List<CompletableFuture<String>> startDestroying(
      NodeProcess node, List<Named> caches) {
    return start(node, caches, each -> there -> each.open(there).destroy());
  }

  private static void put(NodeProcess node, List<Named> caches, int value) {
    await(start(node, caches, each -> there -> each.open(there).put("k", value)));
  }

  private static void assertReads(NodeProcess node, List<Named> caches, int value) {
    for (Named each : caches) {
      int expected = each.mode() == Mode.INVALIDATED ? MISSING : value;
      assertThat(
              node.call(there -> requireNonNullElse(each.open(there).get("k"), MISSING)).intValue())
          .as("%s on %s", each, node)
          .isEqualTo(expected);
    }
  }

  @Test
  void whoDiesWhileACacheBeginsOrEndsHoldsNobodyUpAndTheOthersAgree() {
    try (ProcessCluster cluster = ProcessCluster.of(4)) {
      NodeProcess one = cluster.node(0);
      NodeProcess other = cluster.node(1);

      NodeProcess first = cluster.node(2);
      List<Named> begun = orderedBy(first, other);
      dieAt(first, at(State.RUNS, begun));
      put(one, begun, 1);
      Await.until("its end", () -> !first.isAlive()); // heard of later than by the others
      assertReads(other, begun, 1);
      put(other, begun, 2);
      assertReads(one, begun, 2);
      cluster.kill(first);
      cluster.awaitMembers();
      await(startDestroying(other, begun));

      NodeProcess second = cluster.node(2);
      List<Named> ended = orderedBy(second, other);
      put(one, ended, 1);
      dieAt(second, at(State.ENDED, ended));
      await(startDestroying(one, ended));
      Await.until("its end", () -> !second.isAlive()); // heard of later than by the others
      cluster.kill(second);
      cluster.awaitMembers();
      for (NodeProcess node : cluster.nodes()) {
        Await.untilAsserted(
            "the end of all caches on " + node, () -> assertThat(caches(node)).isEmpty());
      }
      put(other, ended, 1);
      assertReads(one, ended, 1);
    }
  }

  /** What the cluster lists and what the engine still has. */
  private static Set<String> caches(NodeProcess node) {
    return node.call(
        there -> {
          Set<String> names = new HashSet<>(there.cluster().cacheNames());
          names.addAll(there.cluster().unwrap(EmbeddedCacheManager.class).getCacheNames());
          names.removeIf(name -> !name.startsWith(PREFIX));
          return names;
        });
  }
}
