/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import java.util.concurrent.CompletionStage;
import org.memogrid.cache.FencingToken;
import org.memogrid.cluster.Member;

/**
 * Is told what becomes of a name that this member offers, in order, on one thread of the member
 * that serves all names and must not be blocked.
 */
public interface LeaseListener {
  /** The turn is this member's. */
  void onBegin(FencingToken token);

  /** It is over, and not by this member's {@link Lease#release}: another may have it already. */
  void onEnd(FencingToken token, String why);

  /** Who has the turn, as far as is known here. */
  void onHolder(Member holder, FencingToken token);

  /**
   * The name is not this member's as long as others offer it with other options: why. It stays on
   * offer, and is not refused any more when a turn begins or a holder is told of.
   */
  void onRefused(String why);

  /** The member leaves. Complete when nothing runs any more: then another gets the name. */
  CompletionStage<?> onLeaving();
}
