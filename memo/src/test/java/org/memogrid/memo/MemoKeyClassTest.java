/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/** One of three members does not know the class of the keys, though it holds entries of them. */
@Timeout(120)
class MemoKeyClassTest {
  /** A key that two members allow. */
  record Sku(int number) {}

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "LOCAL")
  void whatCanNotBeToldIsInvalidatedAsAWhole(Mode mode) throws Exception {
    AtomicInteger source = new AtomicInteger(1);
    try (FreePorts ports = FreePorts.take();
        Cluster one = join("one", ports.base(), true);
        Cluster two = join("two", ports.base(), true);
        Cluster three = join("three", ports.base(), false)) {
      for (Cluster cluster : List.of(one, two, three)) {
        Await.until("three members", () -> cluster.membership().members().size() == 3);
      }
      Memo<Sku, Integer> memo = open(mode, one, source);
      Memo<Sku, Integer> other = open(mode, two, source);
      MemoNode node = ((MemoHandle<?, ?>) memo).node();
      Await.until("all to share it", () -> node.store().topology().members().size() == 3);
      List<Runnable> ways =
          List.of(
              () -> memo.invalidateTag("t"),
              () -> memo.invalidateIf(sku -> sku.number() >= 0),
              memo::invalidateAll);
      for (Runnable way : ways) {
        int now = source.get();
        for (int number = 0; number < 20; number++) {
          Sku sku = new Sku(number);
          if (node.store().topology().home(sku).name().equals("three")) {
            assertThatThrownBy(() -> memo.apply(sku)).hasMessageContaining("can't be read on");
          } else {
            assertThat(memo.apply(sku)).isEqualTo(now);
            assertThat(other.apply(sku)).isEqualTo(now);
          }
        }
        source.incrementAndGet();
        way.run();
      }
    }
  }

  private static Memo<Sku, Integer> open(Mode mode, Cluster cluster, AtomicInteger source) {
    return Memo.<Sku, Integer>builder("by-sku", sku -> source.get())
        .mode(mode)
        .tags((sku, value) -> Set.of("t"))
        .build(cluster);
  }

  private static Cluster join(String name, int port, boolean allowed) {
    var builder = Cluster.builder().name("memo-keys").nodeName(name).bind("127.0.0.1").port(port);
    return (allowed ? builder.allow(Sku.class.getName()) : builder).join();
  }
}
