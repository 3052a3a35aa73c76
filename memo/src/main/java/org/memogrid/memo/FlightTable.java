/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.memo.Message.Held;

/**
 * The caller's side of the protocol: what this member's callers wait for, and what it runs.
 *
 * <pre>
 * flight: WAITING -Hit, Fail-> gone;  WAITING -Grant-> RUNNING -returned-> ANSWERED -CompleteAck-> gone
 *         any -Fence-> the same, closed to new callers
 * run:    RUNNING -returned, failed-> COMPLETING -CompleteAck-> gone;  any -Fence-> fenced, never stored
 * </pre>
 *
 * <p>Invariants: at most one open flight per key, and one more that is to replace what is stored. A
 * flight that is ANSWERED has no waiting callers, and who joins it is answered at once: its value
 * is like a copy near by, which a fence drops.
 */
final class FlightTable {
  private final MemoCore core;
  private final Rules rules;
  private final Waits waits;
  private final Map<Object, Flight> open = new HashMap<>();
  private final Map<Object, Flight> refreshes = new HashMap<>();
  private final Map<Long, Flight> flights = new LinkedHashMap<>();
  private final Map<Token, Run> runs = new LinkedHashMap<>();
  private final Map<Object, Flight> waiting = new HashMap<>();
  private long requests;
  private final AtomicLong fences = new AtomicLong();

  FlightTable(MemoCore core, Rules rules, Waits waits) {
    this.core = core;
    this.rules = rules;
    this.waits = waits;
  }

  // ---- callers

  /**
   * Returns whether the caller joined others.
   *
   * @param ancestors the runs that the caller is in, the innermost first
   * @param seen null, or the entry that the caller wants replaced
   */
  boolean call(Object key, Object caller, List<Token> ancestors, @Nullable Object seen) {
    Flight flight = (seen == null ? open : refreshes).get(key);
    if (flight == null) {
      flight = new Flight(++requests, key, seen);
      openOnes(flight).put(key, flight);
      flights.put(flight.request, flight);
      join(flight, caller, ancestors);
      acquire(flight);
      return false;
    }
    Value answer = flight.answer;
    if (answer != null) {
      core.emit(new Effect.Deliver(caller, new Effect.Returned(answer)));
      return true;
    }
    join(flight, caller, ancestors);
    Waits.Wait wait = waits.of(caller);
    if (wait != null) {
      waits.probe(wait);
    }
    return true;
  }

  @Nullable Value answer(Object key) {
    Flight flight = open.get(key);
    Flight refresh = refreshes.get(key);
    if (flight != null && flight.answer != null) {
      return flight.answer;
    }
    return refresh == null ? null : refresh.answer;
  }

  /** Whatever is under way here. */
  Set<Object> keys() {
    Set<Object> keys = new LinkedHashSet<>();
    flights.values().forEach(flight -> keys.add(flight.key));
    runs.values().forEach(run -> keys.add(run.key));
    return keys;
  }

  private Map<Object, Flight> openOnes(Flight like) {
    return like.seen == null ? open : refreshes;
  }

  private void join(Flight flight, Object caller, List<Token> ancestors) {
    flight.callers.add(caller);
    waiting.put(caller, flight);
    waits.begin(caller, flight, ancestors);
  }

  private void part(Flight flight, Object caller) {
    flight.callers.remove(caller);
    waiting.remove(caller);
    waits.end(caller);
  }

  /** The caller waits, in the end, for itself: it fails, alone. */
  void cycled(Waits.Wait wait, Object failure) {
    leave(wait.caller());
    core.emit(new Effect.Deliver(wait.caller(), new Effect.Threw(failure)));
  }

  /** The caller waits no more, also if it computes. */
  void leave(Object caller) {
    Flight flight = waiting.get(caller);
    if (flight == null) {
      return;
    }
    part(flight, caller);
    if (!flight.callers.isEmpty()) {
      return;
    }
    if (flight.state == Flight.State.WAITING) {
      forget(flight);
      core.toHome(new Message.Leave(flight.key, flight.request));
    } else {
      unwanted(flight);
    }
  }

  private void unwanted(Flight flight) {
    Token token = flight.token;
    Run run = token == null ? null : runs.get(token);
    if (run == null) {
      return;
    }
    if (run.fenced) {
      core.emit(new Effect.Stop(run.token));
    } else {
      core.toHome(new Message.Unwanted(run.key, run.token));
    }
  }

  /** The caller that should compute has left: another one does, or nobody. */
  void declined(Token token, Object caller) {
    Run run = runs.get(token);
    Flight flight = waiting.get(caller);
    if (flight != null) {
      part(flight, caller);
    }
    if (run == null || flight == null) {
      return;
    }
    if (!flight.callers.isEmpty()) {
      start(run);
      return;
    }
    runs.remove(token);
    forget(flight);
    if (!run.fenced) {
      core.toHome(new Message.Abandon(run.key, token));
    }
  }

  void returned(Token token, Value value) {
    Run run = runs.get(token);
    if (run == null) {
      return;
    }
    Flight flight = run.flight;
    if (run.fenced) {
      endFenced(run);
      finishFenced(flight, new Effect.Returned(value));
      return;
    }
    run.result = new Message.Complete(run.key, token, value, flight.seen);
    tell(run);
    flight.state = Flight.State.ANSWERED;
    flight.token = null;
    deliver(flight, new Effect.Returned(value));
    if (flight.isOpen && value.isKept()) {
      flight.answer = value;
    } else {
      forget(flight);
    }
  }

  /**
   * @param shared whether the failure is for all who wait; if not, it is for the caller who
   *     computed, and the next of the others does
   */
  void failed(Token token, Object failure, boolean shared) {
    Run run = runs.get(token);
    if (run == null) {
      return;
    }
    Flight flight = run.flight;
    Effect.Threw outcome = new Effect.Threw(failure);
    if (run.fenced) {
      endFenced(run);
      if (!shared && !flight.isOpen) {
        deliver(flight, run.caller, outcome);
        askAgain(flight);
      } else {
        finishFenced(flight, outcome);
      }
      return;
    }
    run.result = new Message.Failed(run.key, token, failure, shared);
    tell(run);
    if (shared) {
      forget(flight);
      deliver(flight, outcome);
    } else {
      deliver(flight, run.caller, outcome);
      askAgain(flight);
    }
  }

  private void tell(Run run) {
    if (run.result != null && core.hasConfiguration()) {
      run.firstHome = core.configuration().home(run.key);
      core.toHome(run.result);
    }
  }

  private void endFenced(Run run) {
    runs.remove(run.token);
    if (!run.cancelled) {
      fences.incrementAndGet();
    }
  }

  /** Callers that joined before the fence get the outcome; a run that lost to another's waits. */
  private void finishFenced(Flight flight, Effect.Outcome outcome) {
    if (!flight.isOpen) {
      forget(flight);
      deliver(flight, outcome);
    } else {
      askAgain(flight);
    }
  }

  /** For those who still wait, under another number: the old one may have been answered. */
  private void askAgain(Flight flight) {
    if (flight.callers.isEmpty()) {
      forget(flight);
      return;
    }
    flights.remove(flight.request);
    flight.request = ++requests;
    flights.put(flight.request, flight);
    flight.state = Flight.State.WAITING;
    flight.token = null;
    acquire(flight);
  }

  // ---- messages

  void onHit(Message.Hit hit, boolean keepHere) {
    Flight flight = flights.get(hit.request());
    if (flight == null || flight.state != Flight.State.WAITING) {
      return;
    }
    if (flight.isOpen && hit.epoch() < core.epoch()) {
      acquire(flight); // the home had not heard of the fence that this flight was opened after
      return;
    }
    Effect.Returned outcome = new Effect.Returned(hit.value());
    if (keepHere && flight.isOpen && hit.value().isKept()) {
      flight.state = Flight.State.ANSWERED;
      flight.answer = hit.value();
      core.emit(new Effect.Fill(flight.request, flight.key, hit.value(), hit.epoch()));
    } else {
      forget(flight);
    }
    deliver(flight, outcome);
  }

  void onFail(Message.Fail fail) {
    Flight flight = flights.get(fail.request());
    if (flight != null && flight.state == Flight.State.WAITING) {
      forget(flight);
      deliver(flight, new Effect.Threw(fail.failure()));
    }
  }

  /** Fails what waits for a home that will never answer. */
  void failAt(Member home, Object failure) {
    for (Flight flight : List.copyOf(flights.values())) {
      if (flight.state == Flight.State.WAITING
          && core.configuration().home(flight.key).equals(home)) {
        forget(flight);
        deliver(flight, new Effect.Threw(failure));
      }
    }
  }

  /** Whether a grant of it would begin a run. */
  boolean awaits(long request) {
    Flight flight = flights.get(request);
    return flight != null && flight.state == Flight.State.WAITING;
  }

  void onGrant(Message.Grant grant, boolean current) {
    if (runs.containsKey(grant.token())) {
      return;
    }
    Flight flight = flights.get(grant.request());
    boolean waits = awaits(grant.request());
    boolean fenced = core.isOld(grant.token());
    boolean old = !current && rules.apply(Rule.REFUSE_OLD_GRANT, waits && !fenced);
    if (waits && fenced) {
      rules.made(Rule.EPOCH_OF_THE_START);
    }
    if (flight == null || !waits || old || fenced) {
      core.toHome(new Message.Abandon(grant.key(), grant.token()));
      if (flight != null && waits && !old) {
        acquire(flight);
      }
      return;
    }
    flight.state = Flight.State.RUNNING;
    Run run = new Run(core.named(grant.token(), grant.key()), grant.key(), flight);
    flight.token = run.token;
    runs.put(run.token, run);
    start(run);
  }

  private void start(Run run) {
    Object caller = run.flight.callers.iterator().next();
    run.caller = caller;
    core.emit(new Effect.Start(run.token, run.key, caller));
  }

  /** For memos that keep results on the members: the home took the result, so keep it here. */
  void onCompleteAck(Member from, Message.CompleteAck ack, boolean keepHere) {
    Run run = runs.get(ack.token());
    if (run == null || run.result == null) {
      return;
    }
    if (ack.accepted() && !from.equals(run.firstHome)) {
      rules.made(Rule.RESEND_RESULT);
    }
    runs.remove(ack.token());
    Flight flight = run.flight;
    Value value = flight.answer;
    if (value == null) {
      return;
    }
    if (keepHere && ack.accepted() && flight.isOpen) {
      core.emit(new Effect.Fill(flight.request, flight.key, value, ack.token().epoch()));
    } else {
      forget(flight);
    }
  }

  void filled(long request) {
    Flight flight = flights.get(request);
    if (flight != null && flight.state == Flight.State.ANSWERED) {
      forget(flight);
    }
  }

  /** Nobody elsewhere waits for the run either: it stops, unless somebody here does again. */
  void onCancel(Token token) {
    Run run = runs.get(token);
    if (run == null || run.fenced || run.result != null || !run.flight.callers.isEmpty()) {
      return;
    }
    run.cancelled = true;
    fence(run);
    forget(run.flight);
    core.emit(new Effect.Stop(token));
  }

  void fence(Object key) {
    for (Flight flight : Arrays.asList(open.get(key), refreshes.get(key))) {
      if (flight != null && rules.apply(Rule.FENCE_CLOSES_FLIGHTS)) {
        close(flight);
      }
    }
    for (Run run : new ArrayList<>(runs.values())) {
      if (run.key.equals(key) && !run.fenced && rules.apply(Rule.FENCE_STOPS_RUNS)) {
        fence(run);
      }
    }
  }

  /** Fences the key's runs of older configurations; a home may have granted newer ones already. */
  void fenceBefore(Object key, long configuration) {
    for (Run run : new ArrayList<>(runs.values())) {
      if (run.key.equals(key) && !run.fenced && run.token.configuration() < configuration) {
        fence(run);
      }
    }
  }

  void fenceAll() {
    closeAll();
    for (Run run : new ArrayList<>(runs.values())) {
      if (!run.fenced && core.isOld(run.token)) {
        rules.made(Rule.EPOCH_OF_THE_START);
        // The home drops the lease by itself: told by us first, it would grant it once more.
        run.fenced = true;
        if (run.result != null) {
          runs.remove(run.token);
        }
      }
    }
  }

  void fenceOne(Token token) {
    Run run = runs.get(token);
    if (run != null && !run.fenced) {
      fence(run);
      // After a failure that is not shared, others of its flight wait for another run already.
      if (run.result != null && run.flight.state == Flight.State.ANSWERED) {
        forget(run.flight);
      }
    }
  }

  /** Who calls from now on joins nobody who called before. Returns whether there was somebody. */
  @CanIgnoreReturnValue
  boolean closeAll() {
    List<Flight> closing = new ArrayList<>(open.values());
    closing.addAll(refreshes.values());
    closing.forEach(this::close);
    return !closing.isEmpty();
  }

  private void close(Flight flight) {
    openOnes(flight).remove(flight.key);
    flight.isOpen = false;
    flight.answer = null;
    if (flight.state == Flight.State.ANSWERED) {
      flights.remove(flight.request);
    }
  }

  private void fence(Run run) {
    run.fenced = true;
    if (run.result != null) {
      runs.remove(run.token);
    }
    core.toHome(new Message.Abandon(run.key, run.token));
  }

  // ---- configurations

  List<Held> held() {
    List<Held> held = new ArrayList<>();
    for (Run run : runs.values()) {
      if (!run.fenced) {
        held.add(new Held(run.key, run.token));
      }
    }
    return held;
  }

  /** Asks the homes of a new configuration for what those of the old one may have dropped. */
  void installed() {
    for (Flight flight : flights.values()) {
      if (flight.state == Flight.State.WAITING) {
        acquire(flight);
      } else if (flight.state == Flight.State.RUNNING && flight.callers.isEmpty()) {
        unwanted(flight);
      }
    }
    waits.installed();
    for (Run run : runs.values()) {
      Message.ToHome result = run.result;
      if (result != null && !run.fenced && rules.isOn(Rule.RESEND_RESULT)) {
        core.toHome(result);
      }
    }
  }

  /** Releases every waiter with the failure. Runs go on, for their own thread alone. */
  void shutDown(Object failure) {
    for (Flight flight : new ArrayList<>(flights.values())) {
      if (flight.state == Flight.State.WAITING) {
        core.toHome(new Message.Leave(flight.key, flight.request));
      }
      forget(flight);
      deliver(flight, new Effect.Threw(failure));
    }
    for (Iterator<Run> i = runs.values().iterator(); i.hasNext(); ) {
      Run run = i.next();
      if (!run.fenced && run.result == null) {
        i.remove();
        core.toHome(new Message.Abandon(run.key, run.token));
      }
    }
  }

  /** The token of a run here with its name; itself if the run is not here. */
  Token named(Token token) {
    Run run = runs.get(token);
    return run == null ? token : run.token;
  }

  int waiting() {
    return waiting.size();
  }

  long fences() {
    return fences.get();
  }

  private void acquire(Flight flight) {
    List<Waits.Wait> all = waits.of(flight);
    Waits.Probe probe = all.isEmpty() ? null : waits.chaseOf(all.get(0));
    core.toHome(new Message.Acquire(flight.key, flight.request, probe, flight.seen));
    all.stream().skip(1).forEach(waits::probe);
  }

  private void forget(Flight flight) {
    openOnes(flight).remove(flight.key, flight);
    flights.remove(flight.request);
    flight.isOpen = false;
    flight.answer = null;
  }

  private void deliver(Flight flight, Effect.Outcome outcome) {
    for (Object caller : List.copyOf(flight.callers)) {
      deliver(flight, caller, outcome);
    }
  }

  private void deliver(Flight flight, @Nullable Object caller, Effect.Outcome outcome) {
    if (caller != null && flight.callers.contains(caller)) {
      part(flight, caller);
      core.emit(new Effect.Deliver(caller, outcome));
    }
  }

  private static final class Run {
    final Token token;
    final Object key;
    final Flight flight;
    @Nullable Object caller;
    boolean fenced;
    boolean cancelled;
    Message.@Nullable ToHome result;
    @Nullable Member firstHome;

    Run(Token token, Object key, Flight flight) {
      this.token = token;
      this.key = key;
      this.flight = flight;
    }
  }
}
