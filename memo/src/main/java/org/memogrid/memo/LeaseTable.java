/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.memo.Message.Invalidation;

/**
 * The home's side of the protocol: who runs what, who waits for it, and the writes.
 *
 * <pre>
 * entry: absent -Acquire-> reading -live-> Hit to the waiters, absent
 *                          reading -none-> leased(token, leader) -Complete-> writing -done-> Hit to the waiters, absent
 *        leased -Failed-> Fail to the waiters, absent;  leased -Abandon, leader left-> leased by the next waiter
 *        any -Invalidate-> burying -done-> Fence to all members; the waiters go on
 * </pre>
 *
 * <p>Invariants: one operation of the store at a time per key, so an entry has a lease or an
 * operation, or the write of its lease. A write is conditional on what was seen when the lease was
 * granted. An answer of the store for an entry that has moved away in the meantime is ignored: its
 * write may still land, which its condition and the tombstones make harmless.
 */
final class LeaseTable {
  private final MemoCore core;
  private final Rules rules;
  private final Member self;
  private final boolean shared;
  private final Fences fences;
  private final Waits waits;
  private final Map<Object, Entry> entries = new HashMap<>();
  private final Map<Long, Entry> operations = new HashMap<>();

  /** Keys that must be buried before anybody is answered, though nobody asked for it (R9). */
  private final Set<Object> unburied = new HashSet<>();

  /** Keys that moved away while their result was being written, by operation. */
  private final Map<Long, Object> lateWrites = new HashMap<>();

  private long operationCount;
  private final AtomicLong promotions = new AtomicLong();

  LeaseTable(MemoCore core, Rules rules, Member self, boolean shared, Fences fences, Waits waits) {
    this.core = core;
    this.rules = rules;
    this.self = self;
    this.shared = shared;
    this.fences = fences;
    this.waits = waits;
  }

  // ---- requests

  void onAcquire(Member from, Message.Acquire acquire) {
    Entry entry = entries.computeIfAbsent(acquire.key(), Entry::new);
    Lease lease = entry.lease;
    Stored replaced = lease == null ? null : lease.seen;
    if (acquire.seen() == null && replaced != null && isLive(replaced)) {
      hit(new Request(from, acquire.request()), replaced); // it stands while it is refreshed
      return;
    }
    if (lease != null && lease.cancelled && lease.completing == null) {
      rules.made(Rule.KEEP_LEASE_UNTIL_STOPPED);
    }
    // Also the leader's own, asked again: if its grant was lost, it is the next to get one.
    entry.waiters.put(new Request(from, acquire.request()), new Wish(acquire.seen()));
    Waits.Probe probe = acquire.probe();
    if (lease == null && entry.operation == 0) {
      proceed(entry);
    } else if (probe != null) {
      onProbe(entry, probe);
    }
  }

  void onProbe(Message.Probe message) {
    Entry entry = entries.get(message.key());
    if (entry != null) {
      onProbe(entry, message.probe());
    }
  }

  /** Without a lease nobody is waited for; whoever gets it sends probes of its own. */
  private void onProbe(Entry entry, Waits.Probe probe) {
    Lease lease = entry.lease;
    if (lease != null && lease.completing == null) {
      waits.pass(probe, lease.token, lease.request.member);
    }
  }

  void onComplete(Member from, Message.Complete complete) {
    Entry entry = entries.get(complete.key());
    Lease lease = entry == null ? null : entry.lease;
    if (entry == null || lease == null || !lease.token.equals(complete.token())) {
      core.send(from, new Message.CompleteAck(complete.token(), false));
      return;
    }
    if (lease.completing != null) {
      return;
    }
    lease.completing = complete.value();
    boolean replaces = lease.seen != null && isLive(lease.seen);
    if (!shared || !(complete.value().isKept() || replaces)) {
      stored(entry, lease, complete.value());
      return;
    }
    // A home that took the lease over did not see the entry; who refreshes it did.
    Object told = lease.seenKnown ? null : complete.seen();
    Stored seen = told == null ? lease.seen : new Stored(told, null, 0, 0);
    write(entry, lease, complete.value(), seen, told != null || lease.seenKnown);
  }

  private void write(
      Entry entry, Lease lease, Value value, @Nullable Stored seen, boolean seenKnown) {
    core.emit(
        new Effect.Write(
            begin(entry),
            entry.key,
            seen,
            seenKnown,
            value,
            core.stamped(lease.token),
            rules.isOn(Rule.CONDITIONAL_WRITES)));
  }

  void onFailed(Member from, Message.Failed failed) {
    core.send(from, new Message.CompleteAck(failed.token(), true));
    Entry entry = leased(failed.key(), failed.token());
    if (entry != null && failed.shared()) {
      entry.lease = null;
      fail(entry, failed.failure());
    } else if (entry != null) {
      promote(entry);
    }
  }

  /** Nobody on its own member waits for the run: if nobody at all does, it need not go on. */
  void onUnwanted(Message.Unwanted unwanted) {
    Entry entry = leased(unwanted.key(), unwanted.token());
    Lease lease = entry == null ? null : entry.lease;
    if (entry != null && lease != null) {
      lease.unwanted = true;
      cancelIfUnwanted(entry);
    }
  }

  private void cancelIfUnwanted(Entry entry) {
    Lease lease = entry.lease;
    if (lease == null || !lease.unwanted || lease.completing != null || !entry.waiters.isEmpty()) {
      return;
    }
    core.send(lease.request.member, new Message.Cancel(entry.key, lease.token));
    lease.cancelled = true;
    if (!rules.isOn(Rule.KEEP_LEASE_UNTIL_STOPPED)) {
      promote(entry);
    }
  }

  void onAbandon(Message.Abandon abandon) {
    Entry entry = leased(abandon.key(), abandon.token());
    if (entry != null) {
      promote(entry);
    }
  }

  void onLeave(Member from, Message.Leave leave) {
    Entry entry = entries.get(leave.key());
    if (entry != null) {
      entry.waiters.remove(new Request(from, leave.request()));
      cancelIfUnwanted(entry);
      tidy(entry);
    }
  }

  void onInvalidate(Member from, Message.Invalidate invalidate) {
    Invalidation id = new Invalidation(from, invalidate.invalidation());
    Entry entry = entries.computeIfAbsent(invalidate.key(), Entry::new);
    if (fences.knows(id) || entry.toBury.contains(id) || entry.burying.contains(id)) {
      fences.repeat(id);
      tidy(entry);
      return;
    }
    bury(entry, id);
  }

  /** Others may have results for the key that an invalidation they were away from forbids. */
  void bury(Object key) {
    unburied.add(key);
    bury(entries.computeIfAbsent(key, Entry::new), ofNobody());
  }

  private Invalidation ofNobody() {
    return new Invalidation(self, -core.nextNumber());
  }

  private void bury(Entry entry, Invalidation id) {
    entry.toBury.add(id);
    if (entry.operation == 0) {
      entry.lease = null; // the fence that follows tells its leader
      proceed(entry);
    }
  }

  /** All leases are of an older epoch: their waiters go on without them. */
  void onEpoch() {
    for (Entry entry : new ArrayList<>(entries.values())) {
      Lease lease = entry.lease;
      if (lease != null && entry.operation == 0 && core.isOld(lease.token)) {
        rules.made(Rule.EPOCH_OF_THE_START);
        entry.lease = null;
        proceed(entry);
      }
    }
  }

  // ---- answers of the store

  void found(long operation, @Nullable Stored stored) {
    Entry entry = end(operation);
    if (entry == null) {
      return;
    }
    if (!entry.toBury.isEmpty()) {
      proceed(entry);
    } else if (stored != null && isLive(stored)) {
      hitAll(entry, stored);
      grantNext(entry, stored, true); // to one who wants it replaced, if there is one
    } else {
      grantNext(entry, stored, true);
    }
  }

  /** The store could not be read: better an error than a second run beside a stored value. */
  void notFound(long operation, Object failure) {
    Entry entry = end(operation);
    if (entry != null) {
      fail(entry, failure);
    }
  }

  /** {@code conflict} is the entry that was in the way, a value or a tombstone. */
  void written(long operation, boolean done, @Nullable Stored conflict) {
    Entry entry = end(operation);
    Lease lease = entry == null ? null : entry.lease;
    if (entry == null || lease == null) {
      return;
    }
    if (!done) {
      rules.made(Rule.CONDITIONAL_WRITES);
    }
    Value value = lease.completing;
    if (done && value != null && !core.isOld(lease.token)) {
      stored(entry, lease, value);
    } else if (!done && conflict != null && isLive(conflict)) {
      // A late write of a former home, of a run that no fence reached.
      entry.lease = null;
      core.send(lease.request.member, new Message.CompleteAck(lease.token, true));
      hitAll(entry, conflict);
      proceed(entry);
    } else if (!done
        && value != null
        && conflict != null
        && conflict.value() != null
        && !core.isOld(lease.token)) {
      // The same, of an epoch that is over: nobody will read it, so it makes way for this one.
      write(entry, lease, value, conflict, true);
    } else {
      reject(entry, lease);
    }
  }

  private void reject(Entry entry, Lease lease) {
    entry.lease = null;
    core.send(lease.request.member, new Message.CompleteAck(lease.token, false));
    proceed(entry);
  }

  /** Whether it was stored is not known. The waiters get the value all the same. */
  void notWritten(long operation) {
    Entry entry = end(operation);
    Lease lease = entry == null ? null : entry.lease;
    if (entry == null || lease == null) {
      return;
    }
    if (lease.completing != null && !core.isOld(lease.token)) {
      stored(entry, lease, lease.completing);
    } else {
      reject(entry, lease);
    }
  }

  void buried(long operation, @Nullable Stored tombstone) {
    Entry entry = end(operation);
    if (entry == null) {
      return;
    }
    unburied.remove(entry.key);
    fences.raise(entry.key, entry.burying, true);
    entry.burying.clear();
    if (!entry.toBury.isEmpty()) {
      proceed(entry);
    } else {
      grantNext(entry, tombstone, true);
    }
  }

  void notBuried(long operation, Object failure) {
    Entry entry = end(operation);
    if (entry == null) {
      return;
    }
    for (Invalidation id : entry.burying) {
      core.send(id.from(), new Message.InvalidateFailed(id.number(), failure));
    }
    entry.burying.clear();
    // Its lease is gone, so its run must be fenced, though nobody is told of an invalidation.
    fences.raise(entry.key, List.of(ofNobody()), false);
    if (unburied.contains(entry.key)) {
      fail(entry, failure); // who asks next has it tried again
    } else {
      proceed(entry);
    }
  }

  // ---- configurations

  /** Keeps the entries whose home was and is here; the others' requests are sent again. */
  void installed(Configuration now) {
    unburied.removeIf(key -> !core.isReady(key)); // all members tell of them again
    for (Entry entry : new ArrayList<>(entries.values())) {
      if (!core.isReady(entry.key)) {
        entries.remove(entry.key);
        operations.remove(entry.operation);
        if (entry.lease != null && entry.operation != 0) {
          lateWrites.put(entry.operation, entry.key);
        }
        continue;
      }
      entry.waiters.keySet().removeIf(request -> !now.has(request.member));
      Lease lease = entry.lease;
      if (lease != null && entry.operation == 0 && !now.has(lease.request.member)) {
        promote(entry);
      } else {
        tidy(entry);
      }
    }
  }

  /** R7: what {@code from} doesn't know of was lost on its way, or refused. */
  void onSync(Member from, Message.Sync sync, Configuration now) {
    for (Entry entry : new ArrayList<>(entries.values())) {
      Lease lease = entry.lease;
      if (lease != null
          && lease.request.member.equals(from)
          && lease.granted.id() < now.stamp().id()
          && entry.operation == 0
          && !sync.held().contains(new Message.Held(entry.key, lease.token))
          && rules.apply(Rule.REGRANT_LOST_GRANT)) {
        promote(entry);
      }
    }
  }

  /** Takes over the runs that the members told of, for keys that have moved here. */
  void rebuild(Map<Object, NavigableMap<Token, Member>> running, Configuration now) {
    running.forEach(
        (key, holders) -> {
          Map.Entry<Token, Member> first = holders.pollFirstEntry();
          Entry entry = entries.computeIfAbsent(key, Entry::new);
          Request request = new Request(first.getValue(), 0);
          entry.lease = new Lease(first.getKey(), request, now.stamp(), null, false);
          holders.forEach(
              (token, member) -> {
                if (rules.apply(Rule.LOWEST_TOKEN_WINS)) {
                  core.send(member, new Message.FenceOne(key, token));
                }
              });
        });
  }

  long promotions() {
    return promotions.get();
  }

  /** How many wait for the run that goes on; before it does, who is to run waits as well. */
  int waiting(Object key) {
    Entry entry = entries.get(key);
    return entry == null || entry.lease == null ? 0 : entry.waiters.size();
  }

  int size() {
    return entries.size();
  }

  /** What is under way here as home, or was when it moved away. */
  Set<Object> keys() {
    Set<Object> keys = new LinkedHashSet<>(entries.keySet());
    keys.addAll(lateWrites.values());
    return keys;
  }

  // ---- steps

  /** What to do next for an entry without lease and operation. */
  private void proceed(Entry entry) {
    if (entry.toBury.isEmpty() && !entry.waiters.isEmpty() && unburied.contains(entry.key)) {
      entry.toBury.add(ofNobody());
    }
    if (!entry.toBury.isEmpty()) {
      entry.burying.addAll(entry.toBury);
      entry.toBury.clear();
      long operation = begin(entry);
      if (shared) {
        boolean tombstone = rules.isOn(Rule.LEAVE_TOMBSTONE);
        core.emit(new Effect.Bury(operation, entry.key, core.epoch(), tombstone));
      } else {
        buried(operation, null);
      }
    } else if (entry.waiters.isEmpty()) {
      tidy(entry);
    } else if (shared) {
      core.emit(new Effect.Read(begin(entry), entry.key));
    } else {
      grantNext(entry, null, true);
    }
  }

  private void grantNext(Entry entry, @Nullable Stored seen, boolean seenKnown) {
    Iterator<Request> waiters = entry.waiters.keySet().iterator();
    if (!waiters.hasNext()) {
      tidy(entry);
      return;
    }
    Request next = waiters.next();
    waiters.remove();
    Configuration now = core.configuration();
    long fence = seen == null ? 0 : seen.fence();
    Token token = new Token(now.stamp().id(), core.nextNumber(), self.id(), core.epoch(), fence);
    Lease lease = new Lease(token, next, now.stamp(), seen, seenKnown);
    entry.lease = lease;
    core.send(next.member, new Message.Grant(entry.key, next.number, token));
  }

  private void promote(Entry entry) {
    Lease lost = entry.lease;
    if (lost != null && rules.apply(Rule.PROMOTE_WAITER, !entry.waiters.isEmpty())) {
      if (!entry.waiters.isEmpty()) {
        promotions.incrementAndGet();
      }
      entry.lease = null;
      if (lost.seenKnown || !shared) {
        grantNext(entry, lost.seen, lost.seenKnown);
      } else {
        proceed(entry); // taken over: a tombstone that was not seen would refuse the next result
      }
    }
  }

  private void stored(Entry entry, Lease lease, Value value) {
    entry.lease = null;
    core.send(lease.request.member, new Message.CompleteAck(lease.token, true));
    for (Request request : entry.waiters.keySet()) {
      core.send(
          request.member,
          new Message.Hit(request.number, value, core.stamped(lease.token).epoch()));
    }
    entry.waiters.clear();
    proceed(entry);
  }

  /** Answers those who don't want just that replaced. */
  private void hitAll(Entry entry, Stored stored) {
    for (Iterator<Map.Entry<Request, Wish>> i = entry.waiters.entrySet().iterator();
        i.hasNext(); ) {
      Map.Entry<Request, Wish> waiter = i.next();
      Object seen = waiter.getValue().seen;
      boolean refresh =
          seen != null
              && (seen.equals(stored.handle()) || !rules.apply(Rule.REFRESH_WHAT_WAS_SEEN));
      if (!refresh) {
        hit(waiter.getKey(), stored);
        i.remove();
      }
    }
  }

  private void hit(Request request, Stored stored) {
    Value value = stored.value();
    if (value != null) {
      core.send(request.member, new Message.Hit(request.number, value, stored.epoch()));
    }
  }

  private void fail(Entry entry, Object failure) {
    for (Request request : entry.waiters.keySet()) {
      core.send(request.member, new Message.Fail(request.number, failure));
    }
    entry.waiters.clear();
    proceed(entry);
  }

  private boolean isLive(Stored stored) {
    return stored.value() != null && stored.epoch() >= core.epoch();
  }

  /** The entry, if the token is its lease and its result is not being written. */
  private @Nullable Entry leased(Object key, Token token) {
    Entry entry = entries.get(key);
    Lease lease = entry == null ? null : entry.lease;
    return lease != null && lease.token.equals(token) && lease.completing == null ? entry : null;
  }

  private long begin(Entry entry) {
    entry.operation = ++operationCount;
    operations.put(entry.operation, entry);
    return entry.operation;
  }

  private @Nullable Entry end(long operation) {
    lateWrites.remove(operation);
    Entry entry = operations.remove(operation);
    if (entry != null) {
      entry.operation = 0;
    }
    return entry;
  }

  private void tidy(Entry entry) {
    if (entry.lease == null
        && entry.operation == 0
        && entry.waiters.isEmpty()
        && entry.toBury.isEmpty()) {
      entries.remove(entry.key);
    }
  }

  private record Request(Member member, long number) {}

  private record Wish(@Nullable Object seen) {}

  private static final class Entry {
    final Object key;
    final Map<Request, Wish> waiters = new LinkedHashMap<>();
    final List<Invalidation> toBury = new ArrayList<>();
    final List<Invalidation> burying = new ArrayList<>();
    @Nullable Lease lease;
    long operation;

    Entry(Object key) {
      this.key = key;
    }
  }

  private static final class Lease {
    final Token token;
    final Request request;
    final Configuration.Stamp granted;
    final @Nullable Stored seen;
    final boolean seenKnown;
    @Nullable Value completing;
    boolean unwanted;
    boolean cancelled;

    Lease(
        Token token,
        Request request,
        Configuration.Stamp granted,
        @Nullable Stored seen,
        boolean seenKnown) {
      this.token = token;
      this.request = request;
      this.granted = granted;
      this.seen = seen;
      this.seenKnown = seenKnown;
    }
  }
}
