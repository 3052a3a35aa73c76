/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.wire;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;

/**
 * Typed messages between members: one-way or request and reply, in order per pair of members and
 * service, each with the id of the view that its sender had. A message to self takes the same way
 * without the network. Thread-safe.
 *
 * <p>Handlers run one at a time per sender and must not block: they do no store call and wait for
 * nothing.
 */
public interface Wire {
  /** A feature's messages and how they are written. */
  <M> Registration serve(String service, WireFormat<M> format, Handler<M> handler);

  /**
   * Tells of members that have no such service and never had: once for each one-way message that
   * one of them did not take. A member that is joining is asked when all its services are there.
   */
  Registration onMissing(String service, Consumer<Member> listener);

  /** Sends one way. To a member that is gone it does nothing. */
  <M> void send(Member to, String service, WireFormat<M> format, M message);

  /**
   * Sends and expects a reply. Completes exceptionally with {@link WireException} when the member
   * leaves, when it has no such service, and when {@code deadline} passes.
   */
  <M> CompletableFuture<M> request(
      Member to, String service, WireFormat<M> format, M message, Duration deadline);

  /** What a feature does with a message. */
  interface Handler<M> {
    void onMessage(Incoming<M> incoming);
  }

  /** A message as it arrived. {@link #reply} does nothing for a one-way message. */
  interface Incoming<M> {
    Member from();

    long viewId();

    M message();

    boolean wantsReply();

    void reply(M message);
  }
}
