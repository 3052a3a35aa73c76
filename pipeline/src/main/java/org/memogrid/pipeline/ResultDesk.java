/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.function.LongSupplier;
import org.memogrid.cluster.Member;

/**
 * What the parts of a {@link ResultCore} share.
 *
 * @param clock milliseconds of the epoch
 */
record ResultDesk<T>(
    Member self,
    Rules rules,
    LongSupplier clock,
    ResultCore.Effects<T> effects,
    Mailbag bag,
    Roster roster) {
  long now() {
    return clock.getAsLong();
  }

  boolean apply(Rule rule) {
    return rules.apply(rule);
  }
}
