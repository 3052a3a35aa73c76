/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.infinispan.Cache;
import org.infinispan.factories.ComponentRegistry;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.statetransfer.StateProvider;
import org.infinispan.statetransfer.StateTransferManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memogrid.cache.Mode;
import org.memogrid.internal.engine.Timing;
import org.memogrid.testkit.TestCluster;

/** A member joins, and one of the others forgets to send it what it has of a cache. */
final class StuckJoinTest {
  private static final Timing IMPATIENT =
      TestTiming.ONE_AFTER_ANOTHER.withTransfer(Duration.ofSeconds(2));

  /** Who asked a member for entries, each once; the first are not answered. */
  private final Set<Object> asked = ConcurrentHashMap.newKeySet();

  private static TestCluster cluster() {
    return TestCluster.of(1, node -> TestTiming.timing(node, IMPATIENT));
  }

  @ParameterizedTest
  @ValueSource(strings = {"c", "org.memogrid.options"})
  void itJoinsAsAnother(String forgotten) {
    try (TestCluster cluster = cluster()) {
      cluster.node(0).cache("c", Mode.REPLICATED).put("k", "v");
      forget(cluster.node(0), forgotten, 1);
      Cluster joined = cluster.join();
      assertThat(asked).hasSize(2);
      assertThat(joined.cache("c").get("k")).isEqualTo("v");
      assertThat(joined.membership().members()).hasSize(2);
    }
  }

  @Test
  void itSaysSoIfThatDoesNotHelp() {
    try (TestCluster cluster = cluster()) {
      cluster.node(0).cache("c", Mode.DISTRIBUTED).put("k", "v");
      forget(cluster.node(0), "c", Integer.MAX_VALUE);
      assertThatIllegalStateException()
          .isThrownBy(() -> cluster.builder("late").join())
          .withMessageContaining("node 'late' can't join cluster")
          .withMessageContaining("nobody has sent a part of its caches for PT2S")
          .withMessageContaining("{c=")
          .withMessageContaining("start it again");
      cluster.awaitMembers();
      assertThat(cluster.node(0).cache("c").get("k")).isEqualTo("v");
    }
  }

  private void forget(Cluster node, String cache, int first) {
    EmbeddedCacheManager manager = node.unwrap(EmbeddedCacheManager.class);
    String name =
        manager.getCacheNames().stream()
            .filter(each -> each.equals(cache) || each.startsWith(cache + "#"))
            .findAny()
            .orElseThrow();
    Cache<?, ?> engines = manager.getCache(name);
    StateTransferManager transfers =
        ComponentRegistry.componentOf(engines, StateTransferManager.class);
    try {
      Field field = transfers.getClass().getDeclaredField("stateProvider");
      field.setAccessible(true);
      StateProvider provider = (StateProvider) field.get(transfers);
      field.set(
          transfers,
          Proxy.newProxyInstance(
              StateProvider.class.getClassLoader(),
              new Class<?>[] {StateProvider.class},
              (proxy, method, arguments) -> {
                if (method.getName().equals("startOutboundTransfer")) {
                  asked.add(arguments[0]);
                  if (asked.size() <= first) {
                    return null;
                  }
                }
                try {
                  return method.invoke(provider, arguments);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              }));
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("the engine is another", e);
    }
  }
}
