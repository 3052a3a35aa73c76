/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * One queue on one member: the protocol as a pure core, events in, effects out. It has no thread,
 * no clock and no socket of its own; its shell feeds one event at a time, calls {@link #flush} when
 * there is no other, and {@link #tick} when {@link #nextWake} has come.
 *
 * <p>Each queue has a <em>home</em>, the member that {@link Placement} ranks first, which orders
 * everything and hands messages out, and a backup, the second. Members learn who is home from
 * {@link Packet.Ready}, not from views, since a view says who should reign and not who does.
 */
final class QueueCore {
  static final int CHUNK_BYTES = 128 * 1024;
  private static final long ASK_AGAIN = 500;
  private static final int LEAST_OFTEN = 64;

  private final Desk desk;
  private final Replica replica;
  private final Producer producer;
  private final Consumer consumer;
  private final Map<Long, Asked> asks = new LinkedHashMap<>();
  private View view;
  private @Nullable Dispatcher dispatcher;
  private @Nullable Recovery recovery;
  private @Nullable Member home;
  private Epoch reign = Epoch.NONE;
  private long lastAsk;
  private long askAgainAt;
  private int seldom = 1;
  private boolean lacks;
  private @Nullable Member bare;
  private boolean closed;

  private record Asked(Packet.Question question, Object ticket) {}

  QueueCore(
      String queue,
      Member self,
      Rules rules,
      LongSupplier clock,
      int chunk,
      java.util.function.Consumer<Effect> effects) {
    this.desk = new Desk(queue, self, rules, clock, chunk, effects);
    this.replica = new Replica(desk);
    this.producer = new Producer(desk);
    this.consumer = new Consumer(desk);
    this.view = new View(-1, List.of(), List.of());
  }

  // ---- views

  /** Takes a newer view. */
  void install(long id, List<Member> members) {
    if (id <= view.id() || closed) {
      return;
    }
    view = View.of(desk.queue(), id, members);
    seldom = 1;
    if (home != null && !view.has(home)) {
      home = null;
    }
    Dispatcher reigning = dispatcher;
    if (!isHome()) {
      recovery = null;
      stepDown();
      callHome();
    } else if (reigning != null) {
      reigning.install(view, nextEpoch());
      replica.promise(reigning.epoch());
    } else {
      recover();
    }
  }

  private boolean isHome() {
    return !view.members().isEmpty() && view.home().equals(desk.self());
  }

  /**
   * Has the view's home begin its reign. It may have joined just now and know of no queue of this
   * name, and who reigned until now goes on no more: then nobody else would ever tell it.
   */
  private void callHome() {
    if (awaitsHome() && desk.apply(Rule.CALL_THE_HOME)) {
      desk.send(view.home(), replica.held(Epoch.NONE));
      askAgainAt = desk.now() + seldom * ASK_AGAIN;
    }
  }

  /** Whether another should reign and is not known to. */
  private boolean awaitsHome() {
    return !view.members().isEmpty() && !isHome() && !isHomeKnown();
  }

  /**
   * A member has no queues, and will have none. If it is waited for, it is called ever less often,
   * and what was asked here is asked no more.
   */
  void lacking(Member member) {
    if (waitsFor(member)) {
      bare = member;
      lacks = true;
      asks.clear();
    }
  }

  private boolean waitsFor(Member member) {
    Recovery begun = recovery;
    return (awaitsHome() && view.home().equals(member)) || (begun != null && begun.awaits(member));
  }

  /** Who is waited for and has no queues; null if nobody is. */
  @Nullable Member waitsInVainFor() {
    Member known = bare;
    return known != null && waitsFor(known) ? known : null;
  }

  private Epoch nextEpoch() {
    return new Epoch(Math.max(view.id(), replica.promised().number() + 1), desk.self().id());
  }

  private void recover() {
    Epoch next = nextEpoch();
    replica.promise(next);
    Recovery begun = new Recovery(desk, next, view, replica);
    recovery = begun;
    askAgainAt = desk.now() + ASK_AGAIN;
    begun.ask();
    reignIfDone();
  }

  private void reignIfDone() {
    Recovery now = recovery;
    if (now != null && now.behind() > 0) {
      replica.promise(new Epoch(now.behind(), desk.self().id()));
      recover();
      return;
    }
    if (now == null || !now.isDone()) {
      return;
    }
    recovery = null;
    String lost = now.lost();
    if (lost != null) {
      view.members().forEach(member -> desk.send(member, new Packet.Lost(now.epoch(), lost)));
    }
    dispatcher = now.reign();
    desk.perform(new Effect.Reigning(true, now.epoch()));
  }

  // ---- what is on the disk

  /**
   * As what the queue is opened here, if as a durable one: a home that finds no copy reads the
   * disk.
   */
  void durable(@Nullable Settings settings) {
    replica.durable(settings);
  }

  /** What the queue is, if it is known here to be durable. */
  @Nullable Settings durable() {
    return replica.durable();
  }

  /** The answer to {@link Effect.Look}. */
  void looked(Epoch epoch, Kept.@Nullable Holders named) {
    whileRecovering(epoch, begun -> begun.looked(named));
  }

  /** The answer to {@link Effect.Load}. */
  void loaded(Epoch epoch, List<Kept> all) {
    whileRecovering(epoch, begun -> begun.loaded(all));
  }

  /**
   * The disk could not be read. Who waits for the queue is told, on all members.
   *
   * @param why what to do about it
   */
  void notRead(Epoch epoch, String why) {
    whileRecovering(
        epoch,
        begun -> {
          Packet.Stuck stuck = new Packet.Stuck(epoch, why, begun.notRead());
          askAgainAt = desk.now() + ASK_AGAIN;
          view.members().forEach(member -> desk.send(member, stuck));
        });
  }

  private void whileRecovering(Epoch epoch, java.util.function.Consumer<Recovery> event) {
    Recovery begun = recovery;
    if (begun != null && begun.epoch().equals(epoch) && !closed) {
      event.accept(begun);
      reignIfDone();
    }
  }

  /** The answer to {@link Effect.Keep}. */
  void kept(Epoch began, long batch, @Nullable String failure) {
    Dispatcher mine = dispatcher;
    if (mine != null) {
      mine.kept(began, batch, failure);
    }
  }

  /**
   * Another answer to it: somebody reigned of whom this home did not know. What it has confirmed is
   * on the disk; here nothing was.
   */
  void overtaken(Epoch began) {
    Dispatcher mine = dispatcher;
    if (mine != null && mine.wrote(began)) {
      stepDown();
      if (isHome()) {
        recover();
      }
    }
  }

  /** Nobody reigns, for a reason that may last: who waits is not kept waiting. */
  private void stuck(Packet.Stuck stuck) {
    if (stuck.epoch().isBefore(replica.promised())) {
      return;
    }
    replica.durable(stuck.durable());
    producer.fail(stuck.why());
    List<Asked> waiting = List.copyOf(asks.values());
    asks.clear();
    waiting.forEach(
        asked -> desk.perform(new Effect.Answered(asked.ticket, new Packet.Failed(stuck.why()))));
  }

  /** Whether somebody opens as a durable one what reigns here undefined, without the disk. */
  private boolean becomesDurable(Dispatcher mine, Packet.Question question) {
    if (question instanceof Packet.Open open && mine.isUndefined()) {
      Settings asked = open.settings();
      if (asked != null && asked.persist() != null) {
        replica.durable(asked);
        return true;
      }
    }
    return false;
  }

  private void stepDown() {
    Dispatcher last = dispatcher;
    if (last != null) {
      dispatcher = null;
      desk.perform(new Effect.Reigning(false, last.epoch()));
    }
  }

  /** Somebody reigns, or will, whose reign is later than mine. */
  private void heard(Epoch later) {
    replica.promise(later);
    Dispatcher mine = dispatcher;
    if (mine != null && mine.epoch().isBefore(later)) {
      stepDown();
      askAgainAt = desk.now() + ASK_AGAIN; // the view in which that one is home is on its way
    }
    Recovery begun = recovery;
    if (begun != null && begun.epoch().isBefore(later)) {
      recovery = null;
      askAgainAt = desk.now() + ASK_AGAIN / 5;
    }
  }

  // ---- messages

  void received(Member from, Packet packet) {
    if (closed) {
      return;
    }
    if (packet instanceof Packet.Enqueue m) {
      whileReigning(m.epoch(), mine -> mine.enqueue(from, m));
    } else if (packet instanceof Packet.Settle m) {
      whileReigning(m.epoch(), mine -> mine.settle(from, m));
    } else if (packet instanceof Packet.Subscribe m) {
      whileReigning(m.epoch(), mine -> mine.subscribe(from, m));
    } else if (packet instanceof Packet.Ask m) {
      Dispatcher mine = dispatcher;
      if (mine != null && becomesDurable(mine, m.question())) {
        stepDown();
        recover(); // who asks asks again
      } else if (mine != null) {
        mine.ask(from, m);
      }
    } else if (packet instanceof Packet.Deliver m) {
      if (!m.epoch().isBefore(reign) && isBacked(m)) {
        consumer.deliver(m);
      }
    } else if (packet instanceof Packet.Settled m) {
      consumer.confirmed(m);
    } else if (packet instanceof Packet.Enqueued m) {
      producer.enqueued(m, reign);
    } else if (packet instanceof Packet.Answer m) {
      answered(m);
    } else {
      receivedOfReigns(from, packet);
    }
  }

  /**
   * Whether the copy here says that this member has what is handed out to it. Else: 1. this member,
   * the backup, has promised another home; 2. the old one, which does not know, sends a step, which
   * is refused, and behind it what it hands out; 3. the new one hands the same out to another.
   */
  private boolean isBacked(Packet.Deliver deliver) {
    Packet.Step behind = deliver.behind();
    return behind == null || replica.hasTaken(behind) || !desk.apply(Rule.BEGIN_BEHIND_THE_STEP);
  }

  private void whileReigning(Epoch epoch, java.util.function.Consumer<Dispatcher> event) {
    Dispatcher mine = dispatcher;
    if (mine != null && mine.epoch().equals(epoch)) {
      event.accept(mine);
    }
  }

  private void receivedOfReigns(Member from, Packet packet) {
    if (packet instanceof Packet.Replicate m) {
      if (!m.epoch().isBefore(replica.promised())) {
        heard(m.epoch());
      }
      replica.replicate(from, m);
    } else if (packet instanceof Packet.Replicated m) {
      heard(m.promised());
      Dispatcher mine = dispatcher;
      if (mine != null) {
        mine.replicated(from, m);
      }
    } else if (packet instanceof Packet.Collect m) {
      heard(m.epoch());
      desk.send(from, replica.held(m.epoch()));
    } else if (packet instanceof Packet.Held m) {
      heard(m.promised());
      held(from, m);
    } else if (packet instanceof Packet.Fetch m) {
      replica.fetch(from, m);
    } else if (packet instanceof Packet.Chunk m) {
      Recovery begun = recovery;
      if (begun != null) {
        begun.chunk(from, m);
        reignIfDone();
      }
    } else if (packet instanceof Packet.Ready m) {
      replica.secured(m.secured());
      if (m.durable() != null) {
        replica.durable(m.durable());
      }
      ready(from, m.epoch());
    } else if (packet instanceof Packet.Forget m) {
      if (m.epoch().isBefore(replica.promised())) {
        desk.send(from, replica.held(m.epoch())); // it begins anew, and tells once more
      } else {
        replica.forget(m);
      }
    } else if (packet instanceof Packet.Stuck m) {
      stuck(m);
    } else if (packet instanceof Packet.Lost m) {
      desk.perform(new Effect.Lost(m.what()));
    }
  }

  private void held(Member from, Packet.Held held) {
    Recovery begun = recovery;
    Dispatcher mine = dispatcher;
    Packet.Holding its = held.holding();
    if (begun != null) {
      begun.held(from, held);
      reignIfDone();
    } else if (mine != null && held.epoch().equals(Epoch.NONE)) {
      mine.greet(from); // it calls a home that reigns already
    } else if (mine != null
        && its != null
        && held.epoch().equals(mine.epoch())
        && mine.isForeign(its)) {
      // The other side of a split, which came back while this one went on.
      stepDown();
      recover();
    }
  }

  /** A home repeats itself to members that come back: all that was for it is for it again. */
  private void ready(Member from, Epoch epoch) {
    if (epoch.isBefore(replica.promised())) {
      desk.send(from, replica.held(epoch));
      return;
    }
    if (replica.hasForeign(epoch)) {
      desk.send(from, replica.held(epoch));
    }
    heard(epoch);
    home = from;
    reign = epoch;
    producer.newHome();
    consumer.newHome();
    asks.forEach((id, asked) -> askHome(id, asked.question));
  }

  // ---- what this member does

  /** Ends in {@link Effect.Published}. */
  void publish(Traits traits, byte[] body, Object ticket) {
    producer.publish(traits, body, ticket);
  }

  void subscribe(Packet.Subscription subscription) {
    consumer.subscribe(subscription);
  }

  void unsubscribe(long subscription) {
    consumer.unsubscribe(subscription);
  }

  /** A delivery has ended. */
  void settle(Tag tag, Packet.Verdict verdict, String error, long delay) {
    consumer.settle(new Packet.Settlement(tag, verdict, error, delay));
  }

  /** Takes no message any more: the member leaves when it {@linkplain #isQuiet is quiet}. */
  void leave() {
    consumer.leave();
    Dispatcher mine = dispatcher;
    if (mine != null) {
      mine.leave();
    }
  }

  /** What is handled here goes to others, though it may end here yet: the member leaves. */
  void giveBack() {
    consumer.giveBack();
  }

  /** Ends in {@link Effect.Answered}, by a home that knows what has ended here before. */
  void ask(Packet.Question question, Object ticket) {
    long id = ++lastAsk;
    asks.put(id, new Asked(question, ticket));
    askHome(id, question);
    if (asks.size() == 1) {
      askAgainAt = desk.now() + ASK_AGAIN;
    }
  }

  private void askHome(long id, Packet.Question question) {
    Member known = home;
    if (known != null) {
      if (desk.apply(Rule.ASK_BEHIND_ENDS)) {
        consumer.flushAll(known, reign);
      }
      desk.send(known, new Packet.Ask(id, question));
    } else if (!view.members().isEmpty()) {
      desk.send(view.home(), new Packet.Ask(id, question));
    }
  }

  private void answered(Packet.Answer answer) {
    Asked asked = asks.remove(answer.id());
    if (asked != null) {
      desk.perform(new Effect.Answered(asked.ticket, answer.reply()));
    }
  }

  // ---- turns

  /** Sends what has come together. Called at the end of each turn. */
  void flush() {
    Dispatcher mine = dispatcher;
    if (mine != null) {
      mine.flush();
    }
    Member to = home;
    if (to != null) {
      producer.flush(to, reign);
      consumer.flush(to, reign);
    }
  }

  /** Time has passed. */
  void tick() {
    if (desk.now() < asksAgainAt() || closed) {
      return;
    }
    seldom = lacks ? Math.min(LEAST_OFTEN, 2 * seldom) : 1;
    lacks = false;
    askAgainAt = desk.now() + seldom * ASK_AGAIN;
    Recovery begun = recovery;
    if (begun != null && !begun.isVain()) {
      begun.ask();
      reignIfDone();
    } else if (isHome() && dispatcher == null) {
      recover();
    }
    callHome();
    asks.forEach((id, asked) -> askHome(id, asked.question));
  }

  /** No later than this, also when the clock was set back. */
  private long asksAgainAt() {
    askAgainAt = Math.min(askAgainAt, desk.now() + seldom * ASK_AGAIN);
    return askAgainAt;
  }

  /** When {@link #tick} and {@link #flush} should be called though nothing happens. */
  long nextWake() {
    Dispatcher mine = dispatcher;
    long next = mine == null ? Long.MAX_VALUE : mine.next();
    boolean waits =
        recovery != null || !asks.isEmpty() || awaitsHome() || (isHome() && mine == null);
    return waits ? Math.min(next, asksAgainAt()) : next;
  }

  // ---- the end

  /** Whether nothing of this member is on its way, so that it may leave without loss. */
  boolean isQuiet() {
    Dispatcher mine = dispatcher;
    boolean saved = mine != null ? mine.isSaved() : replica.state() == null || isHomeKnown();
    return consumer.isIdle() && saved;
  }

  /** Whether somebody reigns, who has all that a copy here has. */
  private boolean isHomeKnown() {
    return !view.members().isEmpty() && view.home().equals(home);
  }

  /** Whether it reigns and nothing is on one member alone. */
  boolean isSaved() {
    Dispatcher mine = dispatcher;
    return mine != null && mine.isSaved();
  }

  boolean isReigning() {
    return dispatcher != null;
  }

  @Nullable QueueState copy() {
    return replica.state();
  }

  Epoch promised() {
    return replica.promised();
  }

  int held() {
    return consumer.held();
  }

  /** Releases all that wait here. */
  void shutDown(String why) {
    closed = true;
    producer.shutDown(why);
    stepDown();
    recovery = null;
  }
}
