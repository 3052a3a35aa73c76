/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.Instant;
import java.time.InstantSource;
import org.infinispan.commons.time.TimeService;
import org.infinispan.factories.GlobalComponentRegistry;
import org.infinispan.factories.impl.BasicComponentRegistry;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.util.EmbeddedTimeService;

/** Our clock as the engine's: lives of entries follow it; time-outs follow the machine's. */
final class EngineClock extends EmbeddedTimeService {
  private final InstantSource clock;

  private EngineClock(InstantSource clock) {
    this.clock = clock;
  }

  /** Has a manager that was not started go by a clock. */
  static void install(EmbeddedCacheManager manager, InstantSource clock) {
    BasicComponentRegistry components =
        GlobalComponentRegistry.of(manager).getComponent(BasicComponentRegistry.class);
    components.replaceComponent(TimeService.class.getName(), new EngineClock(clock), false);
    components.rewire();
  }

  @Override
  public long wallClockTime() {
    return clock.millis();
  }

  @Override
  public Instant instant() {
    return clock.instant();
  }
}
