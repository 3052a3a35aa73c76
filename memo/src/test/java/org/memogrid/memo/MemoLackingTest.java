/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/** A member whose process has no memos: it holds entries as any other, but is home to none. */
@Timeout(120)
class MemoLackingTest {
  @Test
  void nobodyWaitsForAMemberWithoutMemos() throws Exception {
    try (FreePorts ports = FreePorts.take();
        Cluster one = join("one", ports.base());
        Cluster two = join("two", ports.base());
        URLClassLoader loader = withoutMemos();
        AutoCloseable third = joinWithout(loader, ports.base())) {
      Await.until("three members", () -> one.membership().members().size() == 3);
      Await.until("three members", () -> two.membership().members().size() == 3);
      assertThat(third).isNotNull();
      Memo<Integer, Integer> memo = open(one);
      Memo<Integer, Integer> other = open(two);
      MemoNode node = ((MemoHandle<?, ?>) memo).node();
      Await.until("all to share it", () -> node.store().topology().members().size() == 3);
      boolean failed = false;
      for (int key = 0; key < 40; key++) {
        int asked = key;
        Member home = node.store().topology().home(key);
        if (home.name().equals("without")) {
          failed = true;
          assertThatThrownBy(() -> memo.apply(asked))
              .isInstanceOf(MemoException.class)
              .hasMessageContaining("without")
              .hasMessageContaining("has no memos")
              .hasMessageContaining("memogrid-memo");
          assertThatThrownBy(() -> memo.invalidate(asked)).hasMessageContaining("has no memos");
        } else {
          assertThat(memo.apply(key)).isEqualTo(key);
          assertThat(other.apply(key)).isEqualTo(key);
          memo.invalidate(key);
        }
      }
      assertThat(failed).as("a key whose home lacks memos").isTrue();
      memo.invalidateIf(key -> key == -1);
      assertThat(node.core().syncTimeouts()).as("went on without being heard").isZero();
    }
  }

  private static Cluster join(String name, int port) {
    return Cluster.builder()
        .name("memo-lacking")
        .nodeName(name)
        .bind("127.0.0.1")
        .port(port)
        .join();
  }

  private static Memo<Integer, Integer> open(Cluster cluster) {
    return Memo.<Integer, Integer>builder("same", key -> key).mode(Mode.DISTRIBUTED).build(cluster);
  }

  /** The class path of these tests, without this module. */
  private static URLClassLoader withoutMemos() throws MalformedURLException {
    List<URL> without = List.of(placeOf(Memo.class), placeOf(MemoLackingTest.class));
    List<URL> urls = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      URL url = new File(entry).toURI().toURL();
      if (without.stream().noneMatch(place -> place.toString().equals(url.toString()))) {
        urls.add(url);
      }
    }
    return new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getPlatformClassLoader());
  }

  private static URL placeOf(Class<?> type) {
    return type.getProtectionDomain().getCodeSource().getLocation();
  }

  private static AutoCloseable joinWithout(ClassLoader loader, int port) throws Exception {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try {
      assertThatThrownBy(() -> loader.loadClass(Memo.class.getName()))
          .isInstanceOf(ClassNotFoundException.class);
      Object builder = loader.loadClass(Cluster.class.getName()).getMethod("builder").invoke(null);
      Class<?> type = builder.getClass();
      type.getMethod("name", String.class).invoke(builder, "memo-lacking");
      type.getMethod("nodeName", String.class).invoke(builder, "without");
      type.getMethod("bind", String.class).invoke(builder, "127.0.0.1");
      type.getMethod("port", int.class).invoke(builder, port);
      return (AutoCloseable) type.getMethod("join").invoke(builder);
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
