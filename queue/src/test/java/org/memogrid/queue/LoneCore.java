/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** The core of a queue on a member that is alone, with a clock in the test's hand. */
final class LoneCore {
  static final Member SELF = new Member("n0", "n0#1");

  long now = 1_000;
  final List<Packet.Delivery> begun = new ArrayList<>();
  private final Queue<Packet> toSelf = new ArrayDeque<>();
  final List<Packet.Response> responses = new ArrayList<>();
  private final List<Packet.Reply> replies = new ArrayList<>();
  final QueueCore core;
  private int published;

  LoneCore(Settings settings) {
    this(settings, Rules.all());
  }

  LoneCore(Settings settings, Rules rules) {
    core = new QueueCore("q", SELF, rules, () -> now, QueueCore.CHUNK_BYTES, this::perform);
    core.install(1, List.of(SELF));
    Packet.Reply unused = ask(new Packet.Open(settings));
  }

  private void perform(Effect effect) {
    if (effect instanceof Effect.Send send && send.packet() instanceof Packet.Response response) {
      responses.add(response);
    } else if (effect instanceof Effect.Send send) {
      toSelf.add(send.packet());
    } else if (effect instanceof Effect.Begin begin) {
      begun.add(begin.delivery());
    } else if (effect instanceof Effect.Answered answered) {
      replies.add(answered.reply());
    }
  }

  void goOn() {
    core.tick();
    do {
      for (Packet next = toSelf.poll(); next != null; next = toSelf.poll()) {
        core.received(SELF, next);
      }
      core.flush();
    } while (!toSelf.isEmpty());
  }

  /** Time passes, and the core is woken when it wants to be. */
  void pass(long millis) {
    long until = now + millis;
    while (core.nextWake() <= until) {
      now = Math.max(now + 1, core.nextWake());
      goOn();
    }
    now = until;
    goOn();
  }

  Packet.Reply ask(Packet.Question question) {
    core.ask(question, "question");
    goOn();
    return replies.get(replies.size() - 1);
  }

  Packet.Counted count() {
    return (Packet.Counted) ask(new Packet.Count());
  }

  void publish(Traits traits, int bytes) {
    core.publish(traits, new byte[bytes], "message " + published++);
    goOn();
  }

  static Traits plain(long notBefore, long expiresAt, @Nullable String key) {
    return new Traits(
        Traits.NORMAL, notBefore, expiresAt, key, null, null, null, Map.of(), Traits.Room.AS_QUEUE);
  }

  void subscribe(int window) {
    core.subscribe(new Packet.Subscription(1, window, null));
    goOn();
  }

  /** Ends what was begun. */
  void settleAll(Packet.Verdict verdict) {
    List<Packet.Delivery> out = List.copyOf(begun);
    begun.clear();
    out.forEach(delivery -> core.settle(delivery.tag(), verdict, "", -1));
    goOn();
  }

  QueueState copy() {
    return Objects.requireNonNull(core.copy());
  }
}
