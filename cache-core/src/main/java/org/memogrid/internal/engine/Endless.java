/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.Instant;
import org.infinispan.commons.time.TimeService;
import org.infinispan.persistence.spi.InitializationContext;
import org.infinispan.persistence.support.DelegatingInitializationContext;
import org.infinispan.util.EmbeddedTimeService;

/** A clock that stands still before all time for a store: to it no entry ever ends. */
final class Endless extends DelegatingInitializationContext {
  private static final TimeService CLOCK = new Still();

  private final InitializationContext context;

  Endless(InitializationContext context) {
    this.context = context;
  }

  private static final class Still extends EmbeddedTimeService {
    @Override
    public long wallClockTime() {
      return -1;
    }

    @Override
    public Instant instant() {
      return Instant.ofEpochMilli(-1);
    }
  }

  @Override
  public InitializationContext delegate() {
    return context;
  }

  @Override
  public TimeService getTimeService() {
    return CLOCK;
  }
}
