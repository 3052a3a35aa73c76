/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.testkit.sim.SimViews;

/** The shell of a core in the simulation: what the real shell does with threads. */
final class SimMember {
  static final String QUEUE = "q";

  final Member self;
  final Rules rules;
  final QueueCore core;
  boolean listens;
  private final QueueSim sim;
  private final PacketFormat format = new PacketFormat();
  private final Queue<Runnable> inbox = new ArrayDeque<>();
  private final int window;
  private SimViews.@Nullable View latest;
  private boolean begun;
  private boolean opened;
  private boolean handling;
  private boolean stopped;
  private boolean leaving;
  private boolean gaveBack;
  private boolean flushDue;
  private double wakeAt = Double.MAX_VALUE;

  SimMember(QueueSim sim, Member self, boolean listens) {
    this.sim = sim;
    this.self = self;
    this.listens = listens;
    this.window = sim.time.between(1, 4);
    this.rules = Rules.without(sim.off);
    this.core = new QueueCore(QUEUE, self, rules, this::now, sim.chunk, this::perform);
    if (listens) {
      listen();
    } else if (sim.time.chance(0.5)) {
      open();
    }
  }

  private long now() {
    return 1_000_000 + (long) sim.time.now();
  }

  /** Somebody on this member uses the queue; until then it is here when others speak of it. */
  private void open() {
    feed(
        () -> {
          hearOfQueue();
          opened = true;
          if (sim.spool != null) {
            core.durable(sim.settings);
          }
          core.ask(new Packet.Open(sim.settings), "open");
        });
  }

  private void hearOfQueue() {
    SimViews.View now = latest;
    if (!begun) {
      begun = true;
      if (now != null) {
        core.install(now.id(), now.members());
      }
    }
  }

  /** The id of the last view; -1 before the first. */
  long view() {
    SimViews.View now = latest;
    return now == null ? -1 : now.id();
  }

  void stop() {
    stopped = true;
  }

  void listen() {
    listens = true;
    open();
    feed(() -> core.subscribe(new Packet.Subscription(1, window, null)));
  }

  /** What the real shell does before its member goes. */
  void leave(int patience, Runnable gone) {
    leaving = true;
    listens = false;
    feed(core::leave);
    leave(sim.time.now() + patience, gone);
  }

  private void leave(double until, Runnable gone) {
    sim.time.after(
        10,
        () ->
            event(
                () -> {
                  if (core.isQuiet()) {
                    core.shutDown("left");
                    sim.time.after(0, gone);
                    return;
                  }
                  if (sim.time.now() >= until && !gaveBack) {
                    gaveBack = true;
                    sim.note(self + " gives back " + core.held());
                    sim.checker.gaveBack(self);
                    core.giveBack();
                  }
                  leave(until, gone);
                }));
  }

  boolean isLeaving() {
    return leaving;
  }

  int window() {
    return window;
  }

  // ---- events

  void install(SimViews.View next) {
    if (next.id() <= view()) {
      return;
    }
    latest = next;
    sim.note(self + " installs " + next);
    feed(
        () -> {
          if (begun) {
            core.install(next.id(), next.members());
          }
        });
  }

  void publish(int number) {
    Traits traits = sim.traits.of(number, now());
    sim.checker.publishing(number, self, traits);
    sim.note(self + " publishes " + number);
    if (!opened) {
      open();
    }
    feed(() -> core.publish(traits, Integer.toString(number).getBytes(UTF_8), number));
  }

  /** An event of this member's own, later than now: lost if it is down, late if it is paused. */
  private void event(Runnable action) {
    if (!stopped) {
      sim.net.whenAwake(self, () -> feed(action));
    }
  }

  /** The disk has answered. */
  void answered(Runnable action) {
    event(
        () -> {
          sim.note(self + " hears from the disk");
          action.run();
        });
  }

  private void feed(Runnable action) {
    if (stopped) {
      return;
    }
    inbox.add(action);
    if (handling) {
      return;
    }
    handling = true;
    drain();
    if (sim.time.chance(0.7)) {
      core.flush();
      drain();
      core.flush();
    } else if (!flushDue) {
      flushDue = true;
      sim.time.after(
          sim.time.between(1, 5),
          () ->
              event(
                  () -> {
                    flushDue = false;
                    core.flush();
                  }));
    }
    handling = false;
    QueueState copy = core.copy();
    if (copy != null && core.isReigning()) {
      sim.checker.reigns(copy.epoch());
    }
    if (!inbox.isEmpty()) {
      feed(() -> {});
    }
    wake();
  }

  private void drain() {
    for (Runnable next = inbox.poll(); next != null && !stopped; next = inbox.poll()) {
      next.run();
    }
  }

  private void wake() {
    double next = core.nextWake() - 1_000_000.0;
    if (next < wakeAt && next < 1e9) {
      wakeAt = Math.max(next, sim.time.now() + 1);
      sim.time.at(
          wakeAt,
          () -> {
            wakeAt = Double.MAX_VALUE;
            event(core::tick);
          });
    }
  }

  // ---- effects

  private void perform(Effect effect) {
    if (stopped) {
      return;
    }
    if (effect instanceof Effect.Send send) {
      send(send);
    } else if (effect instanceof Effect.Published published) {
      sim.note(self + " is told: published " + published.ticket());
      sim.checker.published((Integer) published.ticket(), published.failure());
    } else if (effect instanceof Effect.Begin begin) {
      begin(begin.delivery());
    } else if (effect instanceof Effect.Keep keep && sim.spool != null) {
      sim.note(self + " writes " + keep.number() + " " + keep.holders() + " " + keep.batch());
      sim.spool.write(this, keep);
    } else if (effect instanceof Effect.Drop drop && sim.spool != null) {
      sim.spool.drop(drop);
    } else if (effect instanceof Effect.Look look && sim.spool != null) {
      sim.spool.look(this, look);
    } else if (effect instanceof Effect.Load load && sim.spool != null) {
      sim.spool.load(this, load);
    } else if (effect instanceof Effect.Sweep sweep && sim.spool != null) {
      sim.spool.sweep(sweep);
    } else if (effect instanceof Effect.Answered answered
        && answered.reply() instanceof Packet.Failed
        && answered.ticket().equals("open")) {
      sim.time.after(100, () -> event(() -> core.ask(new Packet.Open(sim.settings), "open")));
    } else if (effect instanceof Effect.Reigning reigning) {
      sim.note(
          self + (reigning.begins() ? " reigns as " : " reigns no more as ") + reigning.epoch());
    } else if (effect instanceof Effect.Lost lost) {
      sim.checker.toldOfLoss(lost.what());
      if (opened) {
        core.ask(new Packet.Open(sim.settings), "open");
      }
    }
  }

  private void send(Effect.Send send) {
    if (send.to().equals(self)) {
      inbox.add(
          () -> {
            core.received(self, send.packet());
            if (send.packet() instanceof Packet.Settled settled) {
              settled.tags().forEach(tag -> sim.checker.settled(self, tag));
            }
          });
      return;
    }
    sim.note(self + " -> " + send.to() + " " + send.packet());
    SimMember to = sim.member(send.to());
    if (to != null && !sim.isCut(self, to.self)) {
      Packet packet = overTheWire(send.packet());
      sim.net.send(
          self,
          to.self,
          () -> {
            if (!sim.isCut(self, to.self)) {
              to.received(self, packet);
            }
          });
    }
  }

  /** As it arrives: nothing is shared, and what is not written is not there. */
  private Packet overTheWire(Packet packet) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      format.write(new Addressed(QUEUE, packet), new DataOutputStream(bytes));
      DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()));
      Packet read = format.read(in).packet();
      if (in.read() >= 0) {
        throw new IllegalStateException("more was written than was read of " + packet);
      }
      return read;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void received(Member from, Packet packet) {
    feed(
        () -> {
          hearOfQueue();
          core.received(from, packet);
          if (packet instanceof Packet.Settled settled) {
            settled.tags().forEach(tag -> sim.checker.settled(self, tag));
          }
        });
  }

  static int number(Letter letter) {
    return Integer.parseInt(new String(letter.body, UTF_8));
  }

  private void begin(Packet.Delivery delivery) {
    int number = number(delivery.letter());
    sim.note(self + " begins " + number + " " + delivery.tag() + " attempt " + delivery.attempt());
    sim.checker.begun(number, this, delivery);
    if (sim.checker.isPoison(number)) {
      poisoned(number);
      return;
    }
    sim.time.after(sim.time.between(1, 40), () -> event(() -> end(number, delivery)));
  }

  /** It dies of it, when no other member is missing. */
  private void poisoned(int number) {
    sim.time.after(
        sim.time.between(0, 10),
        () -> {
          if (sim.mayLose()) {
            sim.checker.poisoned(number, this);
          } else if (!stopped) {
            poisoned(number);
          }
        });
  }

  private void end(int number, Packet.Delivery delivery) {
    if (gaveBack) {
      return; // others have it
    }
    boolean fails = sim.time.chance(sim.failing);
    sim.note(self + (fails ? " fails on " : " has handled ") + number);
    sim.checker.ended(number, this, fails);
    sim.checker.settling(self, delivery.tag(), number, fails);
    core.settle(
        delivery.tag(),
        fails ? Packet.Verdict.FAILED : Packet.Verdict.HANDLED,
        fails ? "boom" : "",
        -1);
  }
}
