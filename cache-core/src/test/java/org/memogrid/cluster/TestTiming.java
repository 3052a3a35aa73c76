/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import java.time.InstantSource;
import org.memogrid.internal.engine.Timing;

/** Opens to tests what a builder keeps from users: its patience and its clock. */
public final class TestTiming {
  /**
   * For members of one JVM that join one after another: nobody is on the way, so the first need not
   * wait for long, and the others are answered within that also on a loaded machine; which is
   * silent longer than a dead one.
   */
  public static final Timing ONE_AFTER_ANOTHER =
      Timing.DEFAULT
          .withJoin(Duration.ofSeconds(1))
          .withSilence(Duration.ofSeconds(20), Duration.ofSeconds(2));

  private TestTiming() {}

  @CanIgnoreReturnValue
  public static ClusterBuilder timing(ClusterBuilder builder, Timing timing) {
    return builder.timing(timing);
  }

  /** Has a member that surely is the first not look for others for long. */
  @CanIgnoreReturnValue
  public static ClusterBuilder first(ClusterBuilder builder) {
    return builder.timing(builder.timing().withJoin(Duration.ofMillis(100)));
  }

  @CanIgnoreReturnValue
  public static ClusterBuilder clock(ClusterBuilder builder, InstantSource clock) {
    return builder.clock(clock);
  }
}
