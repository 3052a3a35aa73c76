/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.node.Outcomes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The results that this member decides, keeps and waits for: the shell around a {@link ResultCore}.
 *
 * <p>Invariants: the core handles one event at a time; whoever brings one handles it and those that
 * come meanwhile, and after so many a thread of the pipelines' goes on. What others wait for runs
 * among the {@link Outcomes}, never in a turn. What a turn has to say goes out at its end.
 */
final class Results {
  private static final Logger LOG = LoggerFactory.getLogger(Results.class);
  private static final int ROUND = 256;

  private final Node node;
  private final Executor threads;
  private final Outcomes after;
  private final PacketFormat format = new PacketFormat();
  private final Queue<Runnable> events = new ConcurrentLinkedQueue<>();
  private final AtomicInteger backlog = new AtomicInteger();

  // Used by whoever has the turn.
  private final ResultCore<Ticket> core;
  private List<Runnable> outcomes = new ArrayList<>();
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
    this.threads = threads;
    this.after = after;
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
                outcomes.add(ticket::concluded);
              }

              @Override
              public void ended(Ticket ticket, Outcome outcome) {
                outcomes.add(() -> ticket.ended(outcome));
              }

              @Override
              public void unknown(Ticket ticket) {
                outcomes.add(ticket::unknown);
              }
            });
  }

  // ---- events

  void install() {
    feed(() -> core.install(node.membership().id(), node.membership().members()));
  }

  void received(Member from, long view, Mail mail) {
    feed(() -> core.received(from, view, mail));
  }

  /** The member has no pipelines. */
  void lacking(Member member) {
    feed(() -> core.lacking(member));
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
    feed(
        () -> {
          core.revive(deaths);
          done.run();
        });
  }

  void find(String key, Ticket ticket) {
    open(ticket, () -> core.find(key, ticket));
  }

  void forget(String key, Ticket ticket) {
    feed(() -> core.forget(key, ticket));
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
    feed(
        () -> {
          String why = closed;
          if (why == null) {
            event.run();
          } else {
            outcomes.add(() -> ticket.abandoned(why));
          }
        });
  }

  /** Lets those go who wait here. */
  void stop(String why) {
    feed(
        () -> {
          if (closed == null) {
            closed = why;
            core.abandon().forEach(ticket -> outcomes.add(() -> ticket.abandoned(why)));
          }
        });
  }

  // ---- turns

  private void feed(Runnable event) {
    events.add(event);
    if (backlog.getAndIncrement() == 0) {
      handle(1);
    }
  }

  private void handle(int rounds) {
    for (int round = 0; ; round++) {
      int handled = round();
      List<Runnable> ended = outcomes;
      if (!ended.isEmpty()) {
        outcomes = new ArrayList<>();
        after.add(ended);
      }
      if (backlog.addAndGet(-handled) <= 0) {
        return;
      }
      if (round + 1 >= rounds && elsewhere(() -> handle(Integer.MAX_VALUE))) {
        return;
      }
    }
  }

  private int round() {
    int handled = 0;
    for (Runnable next = events.poll(); next != null; next = events.poll()) {
      run(next);
      if (++handled == ROUND) {
        break;
      }
    }
    run(core::flush);
    wake();
    return handled;
  }

  private static void run(Runnable event) {
    try {
      event.run();
    } catch (RuntimeException | Error e) {
      LOG.error("pipelines failed on an event: a caller may wait for ever, report this", e);
    }
  }

  private boolean elsewhere(Runnable task) {
    try {
      threads.execute(task);
      return true;
    } catch (RejectedExecutionException leaving) {
      return false;
    }
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
                      feed(
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
