/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.memogrid.pipeline.Lone.failure;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Cluster;

/** Bad input: the error names pipeline and step. */
class PipelineRefusalsTest {
  private static final Cluster CLUSTER = Cluster.local();

  @AfterAll
  static void close() {
    CLUSTER.close();
  }

  record Unlisted(int n) {}

  @Test
  void badDefinitionsAreRefused() {
    String name = "bad" + Lone.number();
    assertThatThrownBy(() -> Pipeline.<String, String>named(" "))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Pipeline.<String, String>named(name).start(CLUSTER))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name)
        .hasMessageContaining("no steps");
    assertThatThrownBy(
            () -> Pipeline.<String, String>named(name).step("a", s -> s).step("a", s -> s))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(name)
        .hasMessageContaining("'a'");
    assertThatThrownBy(
            () ->
                Pipeline.<String, String>named(name)
                    .fanOut("split", s -> List.of(s))
                    .start(CLUSTER))
        .hasMessageContaining("join");
    assertThatThrownBy(() -> Pipeline.<String, String>named(name).join("j", l -> ""))
        .hasMessageContaining("fan-out");
    assertThatThrownBy(() -> Pipeline.<String, String>named(name).concurrency(0))
        .hasMessageContaining(name);
    assertThatThrownBy(() -> Pipeline.<String, String>named(name).stepTimeout(Duration.ZERO))
        .hasMessageContaining(name);
    try (Pipeline<String, String> p =
        Pipeline.<String, String>named(name).step("a", s -> s).start(CLUSTER)) {
      assertThatThrownBy(
              () -> Pipeline.<String, String>named(name).step("a", s -> s).start(CLUSTER))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(name);
      assertThatThrownBy(() -> p.submit("x", Submit.at("b")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(name)
          .hasMessageContaining("'b'")
          .hasMessageContaining("[a]");
    }
    Pipeline.<String, String>named(name).step("a", s -> s).start(CLUSTER).close();
  }

  @Test
  void whatCannotGoOnEndsAtOnceNamingPipelineAndStep() {
    try (Pipeline<Object, Object> p =
        Lone.<Object, Object>pipeline()
            .step("make", n -> n.equals(1) ? new Unlisted(1) : n)
            .step(
                "jump",
                (n, step) -> {
                  if (n.equals(2)) {
                    step.goTo("nowhere");
                  }
                  throw new IllegalStateException("for the handler");
                },
                Step.plain().onError((error, value, step) -> Recovery.jump("nowhere", value)))
            .start(CLUSTER)) {
      assertThat(failure(p.submit(1)))
          .isInstanceOf(StepFailedException.class)
          .hasMessageContaining(p.name())
          .hasMessageContaining("'make'")
          .hasMessageContaining("Unlisted");
      assertThat(failure(p.submit(2)))
          .isInstanceOf(StepFailedException.class)
          .hasMessageContaining("'jump'")
          .hasMessageContaining("nowhere")
          .hasMessageContaining("[make, jump]");
      assertThat(failure(p.submit(3)))
          .isInstanceOf(StepFailedException.class)
          .hasMessageContaining("nowhere")
          .hasMessageContaining("for the handler")
          .hasRootCauseMessage("for the handler");
      assertThatThrownBy(() -> p.submit(new Unlisted(2)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(p.name())
          .hasMessageContaining("'make'");
      assertThat(p.underWay()).isZero();
    }
  }
}
