/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.lease;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.FencingToken;
import org.memogrid.cluster.Member;

/** A name that this member offers. Thread-safe; no call blocks. */
public final class Lease {
  private final LeaseFeature feature;
  private final String name;
  private final LeaseSpec spec;
  private final LeaseListener listener;
  private volatile @Nullable FencingToken held;
  private volatile @Nullable Holding known;

  private record Holding(@Nullable Member holder, FencingToken token) {}

  Lease(LeaseFeature feature, String name, LeaseSpec spec, LeaseListener listener) {
    this.feature = feature;
    this.name = name;
    this.spec = spec;
    this.listener = listener;
  }

  public String name() {
    return name;
  }

  LeaseSpec spec() {
    return spec;
  }

  /**
   * Whether the turn is this member's at this very moment, by its own clock: a process that was
   * stopped for longer than a lease gets no as soon as it goes on.
   */
  public boolean isActive(FencingToken token) {
    FencingToken now = held;
    return now != null && now.equals(token) && feature.isValid(spec.quorum());
  }

  /** Who has the turn, as far as is known here; null if nobody in the view. */
  public @Nullable Member holder() {
    Holding now = known;
    Member holder = now == null ? null : now.holder;
    return holder != null && feature.isMember(holder) ? holder : null;
  }

  /** The token of the last turn that is known here; null before the first. */
  public @Nullable FencingToken lastToken() {
    Holding now = known;
    return now == null ? null : now.token;
  }

  /**
   * Gives the turn back; the name stays on offer. Does nothing if the turn is over.
   *
   * @param avoid whether another is to be preferred for a while
   */
  public void release(FencingToken token, boolean avoid) {
    feature.release(this, token, avoid);
  }

  /**
   * Takes the name from the offer, and gives back its turn. The stage completes when it is told.
   */
  public CompletionStage<Void> withdraw() {
    return feature.withdraw(this);
  }

  // ---- by the feature's thread

  void begin(FencingToken token) {
    held = token;
    listener.onBegin(token);
  }

  void end(FencingToken token, String why) {
    held = null;
    listener.onEnd(token, why);
  }

  /** That turn was given back; a later one goes on. */
  void released(FencingToken token) {
    if (token.equals(held)) {
      held = null;
    }
  }

  void withdrawn() {
    held = null;
  }

  void holder(Member holder, FencingToken token) {
    known = new Holding(holder, token);
    listener.onHolder(holder, token);
  }

  void refused(String why) {
    FencingToken last = lastToken();
    known = last == null ? null : new Holding(null, last);
    listener.onRefused(why);
  }

  CompletionStage<?> leaving() {
    return listener.onLeaving();
  }
}
