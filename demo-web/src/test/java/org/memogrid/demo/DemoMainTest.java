/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How a node ends, when it is told to and when it can't start. */
class DemoMainTest {
  @Test
  void allIsClosedThoughTheFirstFails() {
    List<String> closed = new ArrayList<>();
    DemoMain.closeAll(
        () -> {
          throw new IllegalStateException("HTTP did not stop");
        },
        () -> closed.add("app"),
        () -> {
          throw new NoClassDefFoundError("x");
        },
        () -> closed.add("cluster"));
    assertThat(closed).containsExactly("app", "cluster");
  }

  @Test
  void whateverKeepsANodeFromStartingEndsIt() {
    assertThat(DemoMain.status(() -> {})).isZero();
    assertThat(fails(new DemoOptions.UsageException("no port"))).isEqualTo(2);
    assertThat(fails(new IOException("port in use"))).isEqualTo(1);
    assertThat(fails(new InterruptedException())).isEqualTo(1);
    assertThat(fails(new UnsupportedOperationException())).isEqualTo(1);
    assertThat(
            DemoMain.status(
                () -> {
                  throw new NoClassDefFoundError("x");
                }))
        .isEqualTo(1);
  }

  private static int fails(Exception why) {
    return DemoMain.status(
        () -> {
          throw why;
        });
  }
}
