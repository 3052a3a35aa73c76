/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.job;

/**
 * What a job is in the whole cluster, beside its function. Members that give equal ones share it.
 */
record Definition(Schedule schedule, Misfire misfire, WhenLost whenLost, boolean concurrent) {
  Definition with(Schedule other) {
    return new Definition(other, misfire, whenLost, concurrent);
  }

  /** As users read it in a log. */
  @Override
  public String toString() {
    return schedule
        + " misfire("
        + misfire
        + ") whenLost("
        + whenLost
        + ")"
        + (concurrent ? " allowConcurrent()" : "");
  }
}
