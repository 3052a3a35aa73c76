/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.infinispan.remoting.transport.Address;
import org.infinispan.remoting.transport.jgroups.SuspectException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.CacheException;
import org.memogrid.cluster.Member;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.NodeProcess.NodeGoneException;

/** A JVM of its own does what it is told, and can be killed and stopped. */
class NodeProcessTest {
  private static final NodeProcess NODE = NodeProcess.start("kit", "-Dgreeting=hello");

  @AfterAll
  static void end() {
    NODE.close();
  }

  @Test
  void tasksRunInTheOtherJvm() {
    long pid = NODE.call(node -> ProcessHandle.current().pid());
    assertThat(pid).isEqualTo(NODE.pid()).isNotEqualTo(ProcessHandle.current().pid());
    String greeting = NODE.call(node -> System.getProperty("greeting"));
    assertThat(greeting).isEqualTo("hello");
  }

  @Test
  void recordsTravelThoughTheyAreNotSerializable() {
    Member member = new Member("n", "1");
    List<Member> back = NODE.call(node -> List.of(member, new Member("m", "2")));
    assertThat(back).containsExactly(member, new Member("m", "2"));
  }

  @Test
  void failuresTravelBack() {
    assertThatThrownBy(
            () ->
                NODE.call(
                    node -> {
                      throw new IllegalStateException("over there");
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("over there");
  }

  /** The engine says who was lost, by an address that is not serializable. */
  @Test
  void aFailureTravelsAsWhatItIsThoughItsCauseDoesNot() {
    assertThatThrownBy(
            () ->
                NODE.call(
                    node -> {
                      throw new CacheException(
                          "put failed", new SuspectException("n1 was lost", Address.random()));
                    }))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("put failed")
        .hasMessageContaining("n1 was lost");
  }

  @Test
  void tasksRunBesideOneAnotherAndKeepObjects() {
    CompletableFuture<Integer> waiting =
        NODE.callAsync(
            node -> {
              node.kept("latch", () -> new CountDownLatch(1)).await();
              return node.kept("counter", AtomicInteger::new).incrementAndGet();
            });
    int first = NODE.call(node -> node.kept("counter", AtomicInteger::new).incrementAndGet());
    NODE.run(node -> node.kept("latch", () -> new CountDownLatch(1)).countDown());
    assertThat(first).isEqualTo(1);
    Await.until("the task that waited", waiting::isDone);
    assertThat(waiting).isCompletedWithValue(2);
  }

  @Test
  void eventsArriveAsTheyHappen() throws InterruptedException {
    BlockingQueue<Object> events = new LinkedBlockingQueue<>();
    NODE.onEvent("numbers", event -> events.add(requireNonNull(event)));
    NODE.run(
        node -> {
          node.emit("numbers", 1);
          node.emit("numbers", 2);
        });
    assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo(1);
    assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo(2);
  }

  @Test
  void whatItPrintsIsNoReplyAndIsKept() {
    NODE.run(node -> System.out.println("ok 1 printed by a task"));
    Await.until("the log", () -> NODE.log().contains("printed by a task"));
  }

  @Test
  void aKilledProcessFailsItsCallsAtOnce() {
    try (NodeProcess victim = NodeProcess.start("victim").awaitReady()) {
      CompletableFuture<String> hanging =
          victim.callAsync(
              node -> {
                new CountDownLatch(1).await();
                return "never";
              });
      victim.kill();
      assertThat(victim.isAlive()).isFalse();
      assertThat(ProcessHandle.of(victim.pid()).filter(ProcessHandle::isAlive)).isEmpty();
      Await.until("the call to fail", Duration.ofSeconds(5), hanging::isCompletedExceptionally);
      assertThatThrownBy(() -> victim.call(node -> "too late"))
          .isInstanceOf(NodeGoneException.class);
    }
  }

  @Test
  void whatAKilledProcessSaidBeforeIsHeard(@TempDir Path directory) {
    NodeProcess victim = NodeProcess.start("talker");
    CountDownLatch gate = new CountDownLatch(1);
    List<Object> heard = new CopyOnWriteArrayList<>();
    victim.onEvent(
        "said",
        event -> {
          boolean opened = await(gate);
          heard.add(opened + " " + event);
        });
    Path written = directory.resolve("written");
    String path = written.toString();
    var unused =
        victim.callAsync(
            node -> {
              for (int i = 0; i < 500; i++) {
                node.emit("said", i);
              }
              return Files.createFile(Path.of(path)).toString();
            });
    Await.until("all is said", () -> Files.exists(written));
    CompletableFuture<Void> killed = CompletableFuture.runAsync(victim::kill);
    Await.until("its death", () -> !victim.isAlive());
    gate.countDown();
    killed.join();
    assertThat(heard).hasSize(500);
  }

  private static boolean await(CountDownLatch gate) {
    try {
      return gate.await(60, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aStoppedProcessAnswersWhenItGoesOn() throws Exception {
    NODE.awaitReady();
    NODE.pause();
    CompletableFuture<String> answer;
    try {
      answer = NODE.callAsync(node -> "awake");
      assertThatThrownBy(() -> answer.get(300, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
    } finally {
      NODE.resume();
    }
    assertThat(answer.get(30, TimeUnit.SECONDS)).isEqualTo("awake");
  }

  @Test
  void aLateAnswerIsAnErrorThatShowsTheThreads() {
    assertThatThrownBy(
            () ->
                NODE.call(
                    Duration.ofMillis(200),
                    node -> {
                      new CountDownLatch(1).await();
                      return "never";
                    }))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("did not answer")
        .hasMessageContaining("node-task");
  }

  @Test
  void childrenDieWithTheirParent() {
    try (NodeProcess parent = NodeProcess.start("parent")) {
      long child =
          parent.call(
              node -> node.kept("child", () -> NodeProcess.start("child").awaitReady()).pid());
      assertThat(ProcessHandle.of(child).filter(ProcessHandle::isAlive)).isPresent();
      parent.kill();
      Await.until(
          "the child to end with its parent",
          () -> ProcessHandle.of(child).filter(ProcessHandle::isAlive).isEmpty());
    }
  }

  private static Object requireNonNull(@Nullable Object event) {
    return java.util.Objects.requireNonNull(event);
  }
}
