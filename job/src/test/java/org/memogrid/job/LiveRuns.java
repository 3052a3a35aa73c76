/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

import java.util.HashSet;
import java.util.Set;

/** The runs of one core, which it says itself begin and end. */
final class LiveRuns implements JobCore.Runs {
  private final Set<Long> live = new HashSet<>();
  private long last;

  @Override
  public long next() {
    return ++last;
  }

  @Override
  public void began(long run) {
    live.add(run);
  }

  @Override
  public void ended(long run) {
    live.remove(run);
  }

  @Override
  public boolean isLive(long run) {
    return live.contains(run);
  }

  boolean isEmpty() {
    return live.isEmpty();
  }
}
