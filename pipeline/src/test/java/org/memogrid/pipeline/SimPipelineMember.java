/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.testkit.sim.SimViews;

/** A member in the simulation: what the real shells do with threads. */
final class SimPipelineMember {
  static final long EPOCH = 1_000_000;

  final Member self;
  final ResultCore<Ticket> core;
  long view = -1;
  private final PipelineSim sim;
  private final Queue<Runnable> inbox = new ArrayDeque<>();

  /** Whom its views have lost: as the real wire does, it sends them nothing. */
  private final Set<Member> departed = new HashSet<>();

  private List<Member> present = List.of();
  private boolean handling;
  private boolean stopped;
  private double wakeAt = Double.MAX_VALUE;

  /** Who waits. */
  interface Ticket {
    default void concluded() {}

    default void ended(Outcome outcome) {}
  }

  SimPipelineMember(PipelineSim sim, Member self) {
    this.sim = sim;
    this.self = self;
    this.core =
        new ResultCore<>(
            self,
            sim.rules,
            this::now,
            new ResultCore.Effects<>() {
              @Override
              public void send(Member to, Mail mail) {
                post(to, mail);
              }

              @Override
              public void concluded(Ticket ticket) {
                inbox.add(ticket::concluded);
              }

              @Override
              public void ended(Ticket ticket, Outcome outcome) {
                inbox.add(() -> ticket.ended(outcome));
              }

              @Override
              public void unknown(Ticket ticket) {}
            });
  }

  void stop() {
    stopped = true;
  }

  private long now() {
    return EPOCH + (long) sim.time.now();
  }

  private void post(Member to, Mail mail) {
    sim.note(self + " -> " + to + " " + mail);
    SimPipelineMember other = sim.member(to);
    if (other == null || departed.contains(to)) {
      return;
    }
    long sent = view;
    sim.net.send(
        self,
        to,
        () -> {
          // What was under way to a member is lost with it.
          if (!departed.contains(to)) {
            other.feed(() -> other.core.received(self, sent, mail));
          }
        });
  }

  void feed(Runnable event) {
    if (stopped) {
      return;
    }
    inbox.add(event);
    if (handling) {
      return;
    }
    handling = true;
    do {
      for (Runnable next = inbox.poll(); next != null && !stopped; next = inbox.poll()) {
        next.run();
      }
      core.flush();
    } while (!inbox.isEmpty() && !stopped);
    handling = false;
    wake();
  }

  private void wake() {
    double next = core.nextWake() - (double) EPOCH;
    if (next < wakeAt && next < 1e9) {
      wakeAt = Math.max(next, sim.time.now() + 1);
      sim.time.at(
          wakeAt,
          () -> {
            wakeAt = Double.MAX_VALUE;
            sim.net.whenAwake(self, () -> feed(core::tick));
          });
    }
  }

  void install(SimViews.View next) {
    if (next.id() > view) {
      view = next.id();
      sim.note(self + " installs " + next);
      departed.addAll(present);
      departed.removeAll(next.members());
      present = next.members();
      feed(() -> core.install(next.id(), next.members()));
    }
  }

  // ---- users

  void submit(String id, long deadline) {
    sim.note(self + " submits " + id);
    Outcome late = deadline == 0 ? null : Passage.late(sim.definition, StepContext.END, 0);
    Ticket caller =
        new Ticket() {
          @Override
          public void ended(Outcome outcome) {
            sim.checker.told(id, self, outcome, true);
          }
        };
    sim.checker.submitting(id, self);
    feed(() -> core.expect(id, deadline, PipelineSim.KEEP, late, caller));
    Envelope envelope =
        new Envelope(
            id,
            self.id(),
            false,
            deadline,
            PipelineSim.KEEP,
            0,
            0,
            List.of(),
            Envelope.Before.NONE,
            bytes(id));
    StepDefinition first = sim.definition.steps.get(0);
    sim.queues.publish(
        self, new Act.Parcel(first, envelope, true, false), 0, () -> sim.checker.submitted(id));
  }

  void find(String id) {
    feed(
        () ->
            core.find(
                id,
                new Ticket() {
                  @Override
                  public void ended(Outcome outcome) {
                    sim.checker.told(id, self, outcome, false);
                  }
                }));
  }

  // ---- steps

  void take(SimQueues.Entry entry, int hand) {
    if (stopped || entry.hand != hand) {
      return;
    }
    new Work(
            entry,
            hand,
            entry.step,
            Passage.of(
                sim.definition, entry.step, entry.envelope, entry.attempt, hand > 1, sim.rules))
        .begin();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private final class Work {
    final SimQueues.Entry entry;
    final int hand;

    /** Where the value is; it may have run on from the entry's. */
    final StepDefinition step;

    final Passage passage;

    Work(SimQueues.Entry entry, int hand, StepDefinition step, Passage passage) {
      this.entry = entry;
      this.hand = hand;
      this.step = step;
      this.passage = passage;
    }

    void begin() {
      perform(passage.begin(now()));
    }

    void perform(Act act) {
      if (stopped) {
        return;
      }
      if (act instanceof Act.Run run) {
        sim.checker.begun(entry, step, passage, run.parts());
        Integer poison = sim.poison(entry, step);
        if (poison != null) {
          sim.time.after(poison, this::die);
        } else if (!sim.isStuck(entry, step)) {
          sim.time.after(
              sim.time.between(1, 30),
              () -> sim.net.whenAwake(self, () -> feed(() -> perform(ran()))));
        }
      } else if (act instanceof Act.Store) {
        sim.queues.store(self, entry.envelope, () -> perform(passage.stored()));
      } else if (act instanceof Act.Look) {
        perform(passage.looked(sim.queues.look(entry.envelope), now()));
      } else if (act instanceof Act.Move move) {
        if (move.mayRunOn() && sim.runsOn()) {
          runOn(move.parcels().get(0));
        } else {
          settleEarly();
          publish(move.parcels(), 0);
        }
      } else if (act instanceof Act.HandBack back) {
        settleEarly();
        publish(List.of(back.parcel()), back.again() ? sim.time.between(1, 30) : 0);
      } else if (act instanceof Act.Conclude conclude) {
        settleEarly();
        conclude(conclude.outcome());
      } else if (act instanceof Act.Ack) {
        sim.queues.ack(self, entry, hand);
      } else if (act instanceof Act.Retry) {
        sim.queues.retry(self, entry, hand);
      } else if (act instanceof Act.Bury) {
        sim.queues.bury(self, entry, hand);
      }
    }

    private void die() {
      if (!stopped) {
        sim.checker.killed(entry, step);
        sim.crash(self);
      }
    }

    private void runOn(Act.Parcel parcel) {
      sim.note(self + " runs on with " + parcel.envelope().id() + " to " + parcel.to().name());
      if (passage.settlesWhenRunningOn()) {
        sim.queues.ack(self, entry, hand);
      }
      Work next = new Work(entry, hand, parcel.to(), passage.onTo(parcel));
      sim.time.after(sim.time.between(0, 3), () -> sim.net.whenAwake(self, next::begin));
    }

    private void publish(List<Act.Parcel> parcels, int pause) {
      int[] missing = {parcels.size()};
      for (Act.Parcel parcel : parcels) {
        sim.queues.publish(
            self,
            parcel,
            pause,
            () -> {
              if (--missing[0] == 0) {
                perform(passage.moved());
              }
            });
      }
    }

    private void settleEarly() {
      if (passage.settlesEarly()) {
        sim.queues.ack(self, entry, hand);
      }
    }

    private void conclude(Outcome outcome) {
      Envelope envelope = passage.envelope();
      sim.note(self + " concludes " + envelope.id() + " " + outcome.kind());
      feed(
          () ->
              core.offer(
                  envelope.id(),
                  envelope.origin(),
                  envelope.chosen(),
                  envelope.keep(),
                  outcome,
                  new Ticket() {
                    @Override
                    public void concluded() {
                      perform(passage.concluded());
                    }
                  }));
    }

    /** What the step made of it: a value that no other run makes. */
    private Act ran() {
      String id = passage.envelope().id();
      if (sim.time.chance(sim.failing())) {
        sim.checker.failed(entry, step, passage);
        return passage.failed(
            Fault.of(new IllegalStateException("boom")), false, false, null, null);
      }
      String made = id + " run " + sim.runs++;
      if (step.kind() == StepDefinition.Kind.FAN_OUT) {
        List<byte @Nullable []> elements = new ArrayList<>();
        for (int i = sim.time.between(0, 3); i > 0; i--) {
          elements.add(bytes(made + " element " + i));
        }
        return passage.returnedAll(elements, now());
      }
      boolean cycles = id.startsWith("cycle") && step.index() == 1;
      String goTo = cycles ? sim.definition.steps.get(1).name() : null;
      return passage.returned(bytes(made), goTo);
    }
  }
}
