/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.memogrid.pipeline.Pipeline;
import org.memogrid.pipeline.Recovery;
import org.memogrid.pipeline.Step;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** Pipelines over two JVMs, each with all steps. */
class PipelineProcessTest {
  private static ProcessCluster cluster;
  private static final Queue<String> RAN = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void start() {
    cluster = ProcessCluster.of(2);
    for (NodeProcess node : cluster.nodes()) {
      node.onEvent("ran", ran -> RAN.add(String.valueOf(ran)));
    }
  }

  @AfterAll
  static void end() {
    cluster.close();
  }

  private static String submit(NodeProcess node, String pipeline, String value) {
    return node.call(
        there -> {
          Pipeline<String, String> p = pipeline(there, pipeline);
          try {
            return p.submit(value).get(60, TimeUnit.SECONDS);
          } catch (ExecutionException e) {
            return String.valueOf(e.getCause());
          }
        });
  }

  private static Pipeline<String, String> pipeline(NodeContext there, String name) {
    return there.kept(
        name,
        () -> {
          throw new IllegalStateException(name + " is not started");
        });
  }

  private static void ran(NodeContext there, String step, Object value) {
    there.emit("ran", step + " " + value + " on " + there.cluster().self().name());
  }

  private static void reverse(NodeContext there) {
    there.<Pipeline<String, String>>kept(
        "reverse-a-string",
        () ->
            Pipeline.<String, String>named("reverse-a-string")
                .step(
                    "seq",
                    text -> {
                      ran(there, "seq", text);
                      return new ArrayList<>(List.of(text.split("")));
                    })
                .step(
                    "reverse",
                    letters -> {
                      ran(there, "reverse", letters);
                      Collections.reverse(letters);
                      return letters;
                    },
                    Step.concurrency(10))
                .step("apply-str", letters -> String.join("", letters))
                .concurrency(5)
                .start(there.cluster()));
  }

  @Test
  void aStringIsReversedByStepsOnBothNodes() {
    cluster.nodes().forEach(node -> node.run(PipelineProcessTest::reverse));
    for (int i = 0; i < 20; i++) {
      assertThat(submit(cluster.node(i % 2), "reverse-a-string", "ham")).isEqualTo("mah");
    }
    Await.until("steps on both nodes", () -> nodes("reverse").size() == 2);
    assertThat(nodes("seq")).hasSize(2);
  }

  private static Set<String> nodes(String step) {
    Set<String> nodes = new TreeSet<>();
    RAN.stream()
        .filter(ran -> ran.startsWith(step + " "))
        .forEach(ran -> nodes.add(ran.substring(ran.lastIndexOf(' '))));
    return nodes;
  }

  @Test
  void aPipelineInsideAPipelineIsAwaited() {
    cluster.nodes().forEach(node -> node.run(PipelineProcessTest::reverse));
    for (NodeProcess node : cluster.nodes()) {
      node.run(
          there ->
              there.<Pipeline<String, String>>kept(
                  "reverse-and-embiggen",
                  () ->
                      Pipeline.<String, String>named("reverse-and-embiggen")
                          .step("reverse", pipeline(there, "reverse-a-string"))
                          .step("upper", text -> text.toUpperCase(Locale.ROOT))
                          .step("embiggen", text -> "¡" + text + "!")
                          .stepTimeout(Duration.ofSeconds(60))
                          .start(there.cluster())));
    }
    for (int i = 0; i < 4; i++) {
      assertThat(submit(cluster.node(i % 2), "reverse-and-embiggen", "tiucsib"))
          .isEqualTo("¡BISCUIT!");
    }
  }

  private static void network(NodeContext there) {
    AtomicInteger attempts = new AtomicInteger();
    there.<Pipeline<String, String>>kept(
        "do-something-on-the-network",
        () ->
            Pipeline.<String, String>named("do-something-on-the-network")
                .step(
                    "retrieve-a-url",
                    url -> {
                      if (url.equals("unstable") && attempts.incrementAndGet() < 3) {
                        throw new IllegalStateException("again");
                      }
                      if (url.startsWith("down")) {
                        throw new UncheckedIOException(new IOException("no route to " + url));
                      }
                      return url;
                    },
                    Step.plain()
                        .onError(
                            (error, value, step) -> {
                              if (error instanceof UncheckedIOException) {
                                return Recovery.halt(); // exit the pipeline
                              }
                              throw (Exception) error; // retry
                            }))
                .step(
                    "process-url-contents",
                    text -> {
                      if (text.equals("skip")) {
                        throw new UncheckedIOException(new IOException("skip"));
                      }
                      return text + " processed";
                    })
                .step("more-data-processing", text -> text + " more")
                .onError(
                    (error, value, step) -> Recovery.jump(step.nextStep(), value)) // skip this one
                .start(there.cluster()));
  }

  @Test
  void handlersSkipEndOrRetry() {
    cluster.nodes().forEach(node -> node.run(PipelineProcessTest::network));
    NodeProcess node = cluster.node(0);
    String name = "do-something-on-the-network";
    assertThat(submit(node, name, "up")).isEqualTo("up processed more");
    assertThat(submit(node, name, "skip")).isEqualTo("skip more");
    assertThat(submit(node, name, "unstable")).isEqualTo("unstable processed more");
    assertThat(submit(node, name, "down"))
        .contains("PipelineHaltedException")
        .contains("'retrieve-a-url'")
        .contains("no route to down");
  }

  @Test
  void aStepTimeoutHoldsForThePipelineAndForAStepOfItsOwn() {
    for (NodeProcess node : cluster.nodes()) {
      node.run(
          there ->
              there.<Pipeline<String, String>>kept(
                  "timeouts",
                  () ->
                      Pipeline.<String, String>named("timeouts")
                          .stepAsync(
                              "long",
                              text ->
                                  CompletableFuture.supplyAsync(
                                      () -> text,
                                      CompletableFuture.delayedExecutor(
                                          300, TimeUnit.MILLISECONDS)),
                              Step.concurrency(2).timeout(Duration.ofMinutes(1)))
                          .stepAsync("never", text -> new CompletableFuture<String>())
                          .stepTimeout(Duration.ofMillis(50))
                          .start(there.cluster())));
    }
    assertThat(submit(cluster.node(1), "timeouts", "x"))
        .contains("StepTimeoutException")
        .contains("'timeouts'")
        .contains("'never'");
  }
}
