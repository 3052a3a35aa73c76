/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.FreePorts;

/** One member runs without this module. */
class QueueLackingTest {
  private static final Member BARE = new Member("bare", "bare#1");

  @Test
  @Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void whoOpensAQueueHearsWhichMemberRunsWithout() throws Exception {
    try (FreePorts ports = FreePorts.take();
        URLClassLoader loader = withoutQueues();
        Cluster one = join("one", ports.base())) {
      MessageQueue<Integer> before = MessageQueue.named("q", Integer.class).open(one);
      before.publish(1);
      AutoCloseable without = joinWithout(loader, ports.base());
      Await.until("two members", () -> one.membership().members().size() == 2);
      for (int i = 0; i < 10; i++) { // whichever of the two is home
        String name = "q" + i;
        assertThatThrownBy(() -> MessageQueue.named(name, Integer.class).open(one))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("queue '" + name + "'")
            .hasMessageContaining("without")
            .hasMessageContaining("has no queues")
            .hasMessageContaining("memogrid-queue");
      }
      without.close();
      Await.until("one member", () -> one.membership().members().size() == 1);
      CompletableFuture<Void> published = before.publishAsync(2);
      published.orTimeout(60, TimeUnit.SECONDS).join();
      assertThat(MessageQueue.named("q0", Integer.class).open(one).size()).isZero();
      assertThat(before.size()).isEqualTo(2);
    }
  }

  @Test
  void aMemberWithoutQueuesIsCalledEverLessOften() {
    List<Packet> sent = new ArrayList<>();
    long[] now = {1_000};
    QueueCore core =
        new QueueCore(
            "q",
            LoneCore.SELF,
            Rules.all(),
            () -> now[0],
            QueueCore.CHUNK_BYTES,
            effect -> {
              if (effect instanceof Effect.Send send && send.to().equals(BARE)) {
                sent.add(send.packet());
              }
            });
    core.install(1, List.of(BARE));
    core.ask(new Packet.Count(), "question");
    core.lacking(LoneCore.SELF);
    assertThat(core.waitsInVainFor()).isNull();
    for (int i = 0; i < 20; i++) {
      core.lacking(BARE);
      assertThat(core.waitsInVainFor()).isEqualTo(BARE);
      now[0] = core.nextWake();
      core.tick();
    }
    assertThat(core.nextWake() - now[0]).isEqualTo(32_000);
    assertThat(sent).filteredOn(Packet.Ask.class::isInstance).as("asked no more").hasSize(1);
    core.install(2, List.of(BARE, LoneCore.SELF));
    assertThat(core.nextWake() - now[0]).as("others are there").isLessThanOrEqualTo(500);
  }

  private static Cluster join(String name, int port) {
    return Cluster.builder()
        .name("queue-lacking")
        .nodeName(name)
        .bind("127.0.0.1")
        .port(port)
        .join();
  }

  /** The class path of these tests, without this module. */
  private static URLClassLoader withoutQueues() throws MalformedURLException {
    List<URL> without = List.of(placeOf(MessageQueue.class), placeOf(QueueLackingTest.class));
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
    return Objects.requireNonNull(type.getProtectionDomain().getCodeSource()).getLocation();
  }

  private static AutoCloseable joinWithout(ClassLoader loader, int port) throws Exception {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try {
      assertThatThrownBy(() -> loader.loadClass(MessageQueue.class.getName()))
          .isInstanceOf(ClassNotFoundException.class);
      Object builder = loader.loadClass(Cluster.class.getName()).getMethod("builder").invoke(null);
      Class<?> type = builder.getClass();
      type.getMethod("name", String.class).invoke(builder, "queue-lacking");
      type.getMethod("nodeName", String.class).invoke(builder, "without");
      type.getMethod("bind", String.class).invoke(builder, "127.0.0.1");
      type.getMethod("port", int.class).invoke(builder, port);
      return (AutoCloseable) type.getMethod("join").invoke(builder);
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
