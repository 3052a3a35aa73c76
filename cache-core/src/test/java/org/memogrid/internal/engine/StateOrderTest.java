/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Writes and state of one key exclude each other; writes do not. */
final class StateOrderTest {
  private final StateOrder order = new StateOrder();

  @Test
  void stateWaitsForAllWritesOfItsKey() {
    assertThat(order.beginWrite("k")).isNull();
    assertThat(order.beginWrite("k")).isNull();
    CompletableFuture<Void> busy = requireNonNull(order.beginState("k"), "waits");
    assertThat(order.beginState("other")).isNull();
    order.end("k");
    assertThat(busy).isNotDone();
    order.end("k");
    assertThat(busy).isDone();
    assertThat(order.beginState("k")).isNull();
  }

  @Test
  void aWriteWaitsForTheStateOfItsKey() {
    assertThat(order.beginState("k")).isNull();
    CompletableFuture<Void> busy = requireNonNull(order.beginWrite("k"), "waits");
    CompletableFuture<Void> state = requireNonNull(order.beginState("k"), "waits");
    order.end("k");
    assertThat(busy).isDone();
    assertThat(state).isDone();
    assertThat(order.beginWrite("k")).isNull();
  }
}
