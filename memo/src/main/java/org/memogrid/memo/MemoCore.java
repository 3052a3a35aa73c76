/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.memo.Message.Invalidation;

/**
 * One memo's protocol on one member: events in, {@linkplain Effect effects} out. No thread, no
 * clock, no socket: whoever feeds it feeds one event at a time and carries the effects out in
 * order. Effects are handed over while an event is handled; their answers must come as later
 * events.
 *
 * <p>The caller's side is in {@link FlightTable} and {@link Confirmations}, the home's in {@link
 * LeaseTable} and {@link Fences}. Both stand on configurations: {@link Inbox} decides on messages
 * of another, {@link RollCall} on whether all members of this one were heard. Here they are put
 * together.
 */
final class MemoCore {
  private final Identity identity;
  private final Member self;
  private final Rules rules;
  private final boolean shared;
  private final Consumer<Effect> effects;
  private final Function<List<Token>, Object> cycle;
  private final Lineage lineage;
  private final Waits waits;
  private final FlightTable flights;
  private final LeaseTable leases;
  private final Fences fences;
  private final Scans scans;
  private final RollCall roll;
  private final Confirmations confirmations;
  private final Inbox inbox;

  private @Nullable Configuration configuration;

  private volatile long epoch;

  /**
   * Whose core it is.
   *
   * @param memo the memo's name, for people to read
   * @param shared whether results are stored for all members (REPLICATED, DISTRIBUTED, and LOCAL,
   *     where all is one), or kept by each that got them (INVALIDATED)
   * @param numbers rise over all memos of the member
   * @param notes how many fences it remembers for members that come back
   */
  record Identity(Member self, String memo, boolean shared, LongSupplier numbers, int notes) {}

  /**
   * @param cycle makes the failure of a caller from the runs that wait for each other, the first of
   *     them once more at the end
   */
  MemoCore(
      Identity identity,
      Rules rules,
      Function<List<Token>, Object> cycle,
      Consumer<Effect> effects) {
    this.identity = identity;
    this.self = identity.self;
    this.shared = identity.shared;
    this.rules = rules;
    this.cycle = cycle;
    this.effects = effects;
    this.lineage = new Lineage(identity.notes, rules);
    this.waits = new Waits(this, rules);
    this.fences = new Fences(this, rules);
    this.flights = new FlightTable(this, rules, waits);
    this.leases = new LeaseTable(this, rules, self, shared, fences, waits);
    this.scans = new Scans(this, rules, flights, leases);
    this.roll = new RollCall(this, rules, lineage, flights, leases);
    this.confirmations = new Confirmations(this);
    this.inbox = new Inbox(this, rules);
  }

  // ---- events of callers

  /**
   * A call that found nothing here. Its caller gets a Start or a Deliver.
   *
   * @param seen null, or the entry that it found and wants replaced by another run's
   * @return whether it joined others
   */
  boolean call(Object key, Object caller, List<Token> ancestors, @Nullable Object seen) {
    return flights.call(key, caller, ancestors, seen);
  }

  /** Has the key's home run the function, if it can and is not this member: before a call. */
  void summon(Object key, List<Token> ancestors, @Nullable Object seen) {
    Configuration now = configuration;
    if (now != null && !now.home(key).equals(self)) {
      toHome(new Message.Summon(key, ancestors, seen));
    }
  }

  /**
   * A probe has come to a run of a thread of this member, which may wait for a run of this memo.
   */
  void chase(Waits.Probe probe) {
    waits.chase(probe);
  }

  /** A probe of this member's, if it is of this memo, has come back. */
  void cycled(Waits.Probe probe) {
    Waits.Wait wait = waits.cycled(probe);
    if (wait != null) {
      rules.made(Rule.REFUSE_CYCLES);
      List<Token> chain = probe.chain();
      Token back = chain.get(chain.size() - 1);
      flights.cycled(wait, cycle.apply(chain.subList(chain.indexOf(back), chain.size())));
    }
  }

  /** A caller leaves, whether it waits or computes: the run stops when nobody is left. */
  void leave(Object caller) {
    flights.leave(caller);
  }

  /** A caller that got a Start has left. */
  void declined(Token token, Object caller) {
    flights.declined(token, caller);
  }

  void returned(Token token, Value value) {
    flights.returned(token, value);
  }

  /**
   * @param shared whether the failure is for all who wait; if not, the next of them runs
   */
  void failed(Token token, Object failure, boolean shared) {
    flights.failed(token, failure, shared);
  }

  /** The result of a run here that its home has not acknowledged. */
  @Nullable Value answer(Object key) {
    return flights.answer(key);
  }

  /** Forget the key everywhere, or all keys if it is null. The caller gets an Invalidated. */
  void invalidate(@Nullable Object key, Object caller) {
    confirmations.await(key, caller);
  }

  /**
   * Asks all members for the keys that have any of the tags, or for all keys if they are null, with
   * those in flight. The caller gets a Collected, or an Invalidated if this member leaves.
   */
  void collect(@Nullable Set<String> tags, Object caller) {
    scans.begin(tags, caller);
  }

  /** Releases all that wait here. */
  void shutDown(Object failure) {
    flights.shutDown(failure);
    scans.shutDown(failure);
    confirmations.shutDown(failure);
  }

  // ---- events of the store

  void found(long operation, @Nullable Stored stored) {
    leases.found(operation, stored);
  }

  void notFound(long operation, Object failure) {
    leases.notFound(operation, failure);
  }

  void written(long operation, boolean done, @Nullable Stored conflict) {
    leases.written(operation, done, conflict);
  }

  void notWritten(long operation) {
    leases.notWritten(operation);
  }

  void buried(long operation, @Nullable Stored tombstone) {
    leases.buried(operation, tombstone);
  }

  void notBuried(long operation, Object failure) {
    leases.notBuried(operation, failure);
  }

  void filled(long request) {
    flights.filled(request);
  }

  /**
   * @param keys null if they can't be told
   */
  void scanned(Member to, long scan, @Nullable List<Object> keys) {
    send(to, new Message.Scanned(scan, keys));
  }

  /**
   * @param failure null if what was kept is gone
   */
  void dropped(Effect.Drop drop, @Nullable Object failure) {
    Object key = drop.key();
    if (key == null) {
      return; // acknowledged before: it is dead by its epoch
    }
    if (failure == null) {
      lineage.gone(key, drop.configuration());
    }
    send(drop.home(), new Message.FenceAck(drop.invalidation(), failure));
  }

  // ---- configurations

  void install(Configuration next) {
    Configuration last = configuration;
    if (last != null && next.stamp().id() <= last.stamp().id()) {
      return;
    }
    boolean apart = last != null && lineage.install(last, next);
    if (apart) {
      fences.forget();
      if (flights.closeAll()) { // others may have invalidated what they are about
        rules.made(Rule.DISTRUST_WHEN_APART);
      }
    }
    configuration = next;
    roll.begin(last, next, apart);

    leases.installed(next);
    fences.installed(next, self);
    roll.tell(next.members(), false);
    flights.installed();
    confirmations.installed();
    scans.installed();
    emit(new Effect.AwaitSync(next.stamp()));
    inbox.replay();
  }

  /** Some time after {@link Effect.AwaitSync}: ask again, or go on without. */
  void syncOverdue(Configuration.Stamp stamp, boolean goOn) {
    Configuration now = configuration;
    if (now != null && now.stamp().equals(stamp)) {
      roll.overdue(now, goOn);
    }
  }

  /**
   * A member did not take a message, since it was started without memos. It runs nothing and keeps
   * nothing by itself, so nobody waits for what it would say; what it ought to be home to fails.
   */
  void lacking(Member member, Object failure) {
    Configuration now = configuration;
    if (now != null && now.has(member)) {
      roll.lacking(member, now);
      fences.lacking(member);
      scans.lacking(member);
      flights.failAt(member, failure);
      confirmations.failAt(member, failure);
    }
  }

  /** Whether this member knows all about the key, as its home. */
  boolean isReady(Object key) {
    return roll.isReady(key);
  }

  boolean isHome(Object key) {
    return configuration().home(key).equals(self);
  }

  // ---- messages

  void received(Member from, Configuration.Stamp stamp, Message message) {
    inbox.handle(new Inbox.Received(from, stamp, message));
  }

  /** All members were heard: what came before that is due. */
  void replayUnready() {
    inbox.replayUnready();
  }

  /** Whether it would begin a run. */
  boolean awaits(Message.Grant grant) {
    return flights.awaits(grant.request());
  }

  /** Whether this member would do something for it, were it of its own configuration. */
  boolean wouldServe(Message message) {
    return message instanceof Message.ToHome toHome
        && isHome(toHome.key())
        && (message instanceof Message.Acquire
            || message instanceof Message.Complete
            || message instanceof Message.Invalidate);
  }

  void onGrant(Message.Grant grant, boolean current) {
    flights.onGrant(grant, current);
  }

  void onToHome(Inbox.Received received, Configuration now) {
    Message message = received.message();
    if (message instanceof Message.Sync sync) {
      roll.onSync(received.from(), sync, now);
    } else if (message instanceof Message.InvalidateAll all) {
      onInvalidateAll(received, all, now);
    } else if (message instanceof Message.ToHome toHome && isHome(toHome.key())) {
      if (isReady(toHome.key())) {
        onToReadyHome(received.from(), toHome);
        return;
      }
      if (message instanceof Message.Abandon abandon) {
        roll.abandoned(abandon.token());
      }
      rules.made(Rule.SYNC_BEFORE_SERVING);
      inbox.keep(received);
    }
  }

  private void onToReadyHome(Member from, Message.ToHome message) {
    if (message instanceof Message.Acquire acquire) {
      leases.onAcquire(from, acquire);
    } else if (message instanceof Message.Complete complete) {
      leases.onComplete(from, complete);
    } else if (message instanceof Message.Failed failed) {
      leases.onFailed(from, failed);
    } else if (message instanceof Message.Abandon abandon) {
      leases.onAbandon(abandon);
    } else if (message instanceof Message.Leave leave) {
      leases.onLeave(from, leave);
    } else if (message instanceof Message.Unwanted unwanted) {
      leases.onUnwanted(unwanted);
    } else if (message instanceof Message.Probe probe) {
      leases.onProbe(probe);
    } else if (message instanceof Message.Invalidate invalidate) {
      leases.onInvalidate(from, invalidate);
    }
  }

  private void onInvalidateAll(
      Inbox.Received received, Message.InvalidateAll all, Configuration now) {
    if (!now.coordinator().equals(self)) {
      return;
    }
    if (!roll.isComplete()) {
      inbox.keep(received); // another member may know of a higher epoch
      return;
    }
    Invalidation id = new Invalidation(received.from(), all.invalidation());
    if (fences.knows(id)) {
      fences.repeat(id);
    } else {
      raiseEpoch(epoch + 1);
      fences.raiseAll(id, epoch);
    }
  }

  void onToCaller(Inbox.Received received, Message.ToCaller message) {
    Member from = received.from();
    if (message instanceof Message.Hit hit) {
      // A joiner that has not heard all does not know what an earlier home's answer is worth; it
      // has asked again.
      if (roll.everWasComplete() || received.stamp().equals(configuration().stamp())) {
        flights.onHit(hit, !shared);
      }
    } else if (message instanceof Message.Fail fail) {
      flights.onFail(fail);
    } else if (message instanceof Message.CompleteAck ack) {
      flights.onCompleteAck(from, ack, !shared);
    } else if (message instanceof Message.Fence fence) {
      onFence(received, fence);
    } else if (message instanceof Message.FenceAll fence) {
      lineage.allFenced(received.stamp().id());
      raiseEpoch(fence.epoch());
      send(from, new Message.FenceAck(fence.invalidation(), null));
      if (!shared) {
        emit(new Effect.Drop(null, from, fence.invalidation(), received.stamp().id()));
      }
    } else if (message instanceof Message.Fenced fenced) {
      Object key = fenced.key();
      lineage.fenced(isUnreadable(key) ? null : key, received.stamp().id());
    } else if (message instanceof Message.FenceOne fence) {
      flights.fenceOne(fence.token());
    } else if (message instanceof Message.Cancel cancel) {
      flights.onCancel(cancel.token());
    } else if (message instanceof Message.Chase chase) {
      List<Token> chain = chase.probe().chain();
      Token last = flights.named(chain.get(chain.size() - 1));
      emit(new Effect.Chase(chase.probe().named(last)));
    } else if (message instanceof Message.Cycle cycle) {
      emit(new Effect.Cycle(cycle.probe()));
    } else if (message instanceof Message.Scan scan) {
      lineage.scanned(received.stamp().id());
      scans.onScan(from, scan);
    } else if (message instanceof Message.Scanned scanned) {
      scans.onScanned(from, scanned);
    } else if (message instanceof Message.FenceAck ack) {
      fences.onAck(from, ack);
    } else if (message instanceof Message.InvalidateAck ack) {
      // One of another configuration says nothing of this one's members: it was asked again.
      if (received.stamp().equals(configuration().stamp())) {
        confirmations.onAnswer(ack.invalidation(), null);
      }
    } else if (message instanceof Message.InvalidateFailed failed) {
      confirmations.onAnswer(failed.invalidation(), failed.failure());
    }
  }

  private void onFence(Inbox.Received received, Message.Fence fence) {
    Object key = fence.key();
    long raised = received.stamp().id();
    if (isUnreadable(key)) { // so nobody here can ask for it, or have run for it
      lineage.allFenced(raised);
      send(received.from(), new Message.FenceAck(fence.invalidation(), null));
      return;
    }
    flights.fence(key);
    lineage.fenced(key, raised);
    if (shared) {
      if (fence.buried()) {
        lineage.gone(key, raised); // its tombstone is in place
      }
      send(received.from(), new Message.FenceAck(fence.invalidation(), null));
    } else if (rules.isOn(Rule.FENCE_DROPS_COPY)) {
      emit(new Effect.Drop(key, received.from(), fence.invalidation(), raised));
    } else {
      send(received.from(), new Message.FenceAck(fence.invalidation(), null));
    }
  }

  private static boolean isUnreadable(@Nullable Object key) {
    return key instanceof Packet.UnreadableKey;
  }

  /** From here on, what was granted before is fenced and what was stored before reads as none. */
  void raiseEpoch(long to) {
    if (to > epoch) {
      epoch = to;
      flights.fenceAll();
      leases.onEpoch();
    }
  }

  /** Whether the run began in an epoch that is over: its result is of that epoch. */
  boolean isOld(Token token) {
    return token.epoch() < epoch && rules.isOn(Rule.EPOCH_OF_THE_START);
  }

  /** With the epoch that the run's result has. */
  Token stamped(Token token) {
    return rules.isOn(Rule.EPOCH_OF_THE_START) ? token : token.in(epoch);
  }

  // ---- what the tables use

  boolean hasConfiguration() {
    return configuration != null;
  }

  Configuration configuration() {
    Configuration now = configuration;
    if (now == null) {
      throw new IllegalStateException("no configuration yet");
    }
    return now;
  }

  /** How often all keys were invalidated. Any thread may ask. */
  long epoch() {
    return epoch;
  }

  Member self() {
    return self;
  }

  /** A number that no other run or wait of this member has. */
  long nextNumber() {
    return identity.numbers.getAsLong();
  }

  Token named(Token token, Object key) {
    return token.named(new Named(identity.memo, key));
  }

  void emit(Effect effect) {
    effects.accept(effect);
  }

  void send(Member to, Message message) {
    emit(new Effect.Send(to, configuration().stamp(), message));
  }

  /** Before the first configuration it is not sent: whoever waits asks again then. */
  void toHome(Message.ToHome message) {
    Configuration now = configuration;
    if (now != null) {
      send(now.home(message.key()), message);
    }
  }

  // ---- what is counted

  /** Whether all members of the configuration were heard. */
  boolean isSettled() {
    return roll.isComplete();
  }

  /**
   * Whether what this member holds for the key is not known to be older than an invalidation: all
   * members of some configuration were heard, and again if any may have lived apart since. Any
   * thread may ask.
   */
  boolean trusts(Object key) {
    return roll.everWasComplete() && !lineage.isDistrusted(key);
  }

  int waiting() {
    return flights.waiting() + confirmations.waiting();
  }

  /** How many requests for the key wait here, as at its home. For whoever has the core's turn. */
  int waitingAtHome(Object key) {
    return leases.waiting(key);
  }

  int leased() {
    return leases.size();
  }

  long fenced() {
    return flights.fences();
  }

  long promotions() {
    return leases.promotions();
  }

  long syncTimeouts() {
    return roll.timeouts();
  }

  private record Named(String memo, Object key) {
    @Override
    public String toString() {
      return memo + " of " + key;
    }
  }
}
