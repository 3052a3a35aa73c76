/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.node.Outcomes;
import org.memogrid.internal.node.Turns;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The results that this member decides, keeps and waits for: the shell around a {@link ResultCore}.
 *
 * <p>Invariants: the core handles one event at a time, in {@link Turns}. What others wait for runs
 * among the {@link Outcomes}, never in a turn. What a turn has to say goes out at its end.
 */
final class Results {
  private static final Logger LOG = LoggerFactory.getLogger(Results.class);

  private final Node node;
  private final Turns turns;
  private final PacketFormat format = new PacketFormat();

  // Used by whoever has the turn.
  private final ResultCore<Ticket> core;
  private long wakeAt = Long.MAX_VALUE;
  private @Nullable String closed;

  /** Somebody who waits. Called among the {@link Outcomes}. */
  interface Ticket {
    /** What this member offered is decided. */
    default void concluded() {}

    default void ended(Outcome outcome) {}

    /** Nobody knows of an end of what is to be submitted. */
    default void unknown() {}

    /** This member leaves. */
    default void abandoned(String why) {}
  }

  Results(Node node, Executor threads, Outcomes after) {
    this.node = node;
    this.turns = new Turns("pipelines", threads, after, this::endRound);
    this.core =
        new ResultCore<>(
            node.membership().self(),
            Rules.all(),
            node.clock()::millis,
            new ResultCore.Effects<>() {
              @Override
              public void send(Member to, Mail mail) {
                node.wire().send(to, PipelineFeature.SERVICE, format, new Packet.Results(mail));
              }

              @Override
              public void concluded(Ticket ticket) {
                turns.later(ticket::concluded);
              }

              @Override
              public void ended(Ticket ticket, Outcome outcome) {
                turns.later(() -> ticket.ended(outcome));
              }

              @Override
              public void unknown(Ticket ticket) {
                turns.later(ticket::unknown);
              }
            });
  }

  // ---- events

  void install() {
    turns.feed(() -> core.install(node.membership().id(), node.membership().members()));
  }

  void received(Member from, long view, Mail mail) {
    turns.feed(() -> core.received(from, view, mail));
  }

  /** The member has no pipelines. */
  void lacking(Member member) {
    turns.feed(() -> core.lacking(member));
  }

  /** Somebody here waits for a value that is submitted next. */
  void expect(String key, long deadline, long keep, @Nullable Outcome late, Ticket ticket) {
    open(ticket, () -> core.expect(key, deadline, keep, late, ticket));
  }

  /** Somebody here submits a value next, if {@link Ticket#unknown} says so. */
  void join(String key, Ticket ticket) {
    open(ticket, () -> core.join(key, ticket));
  }

  /** Dead letters are put back; {@code done} runs in the turn. */
  void revive(List<Death> deaths, Runnable done) {
    turns.feed(
        () -> {
          core.revive(deaths);
          done.run();
        });
  }

  void find(String key, Ticket ticket) {
    open(ticket, () -> core.find(key, ticket));
  }

  void forget(String key, Ticket ticket) {
    turns.feed(() -> core.forget(key, ticket));
  }

  void offer(String key, String origin, boolean chosen, long keep, Outcome outcome, Ticket ticket) {
    open(ticket, () -> core.offer(key, origin, chosen, keep, outcome, ticket));
  }

  /** A message died without a step that says so. */
  void buried(Death death, String origin, boolean chosen, long keep, Outcome outcome) {
    Ticket nobody = new Ticket() {};
    open(nobody, () -> core.buried(death, origin, chosen, keep, outcome, nobody));
  }

  private void open(Ticket ticket, Runnable event) {
    turns.feed(
        () -> {
          String why = closed;
          if (why == null) {
            event.run();
          } else {
            turns.later(() -> ticket.abandoned(why));
          }
        });
  }

  /** Lets those go who wait here. */
  void stop(String why) {
    turns.feed(
        () -> {
          if (closed == null) {
            closed = why;
            core.abandon().forEach(ticket -> turns.later(() -> ticket.abandoned(why)));
          }
        });
  }

  // ---- turns

  private void endRound() {
    turns.run(core::flush);
    wake();
  }

  private void wake() {
    long next = core.nextWake();
    if (next >= wakeAt || closed != null) {
      return;
    }
    wakeAt = next;
    try {
      var unused =
          node.scheduler()
              .schedule(
                  () ->
                      turns.feed(
                          () -> {
                            wakeAt = Long.MAX_VALUE;
                            core.tick();
                          }),
                  Math.max(1, next - node.clock().millis()),
                  TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException leaving) {
      LOG.debug("pipelines are not woken any more", leaving);
    }
  }
}
