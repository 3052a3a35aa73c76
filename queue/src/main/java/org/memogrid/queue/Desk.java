/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.memogrid.cluster.Member;

/**
 * What the parts of one queue's core share.
 *
 * @param clock milliseconds of the epoch
 * @param chunk bytes of a part of a copy that travels at once; at least one entry does
 */
record Desk(
    String queue,
    Member self,
    Rules rules,
    LongSupplier clock,
    int chunk,
    Consumer<Effect> effects) {
  void send(Member to, Packet packet) {
    effects.accept(new Effect.Send(to, packet));
  }

  void perform(Effect effect) {
    effects.accept(effect);
  }

  long now() {
    return clock.getAsLong();
  }

  boolean apply(Rule rule) {
    return rules.apply(rule);
  }
}
