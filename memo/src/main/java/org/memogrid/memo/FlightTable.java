/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
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
 * <p>Invariants: at most one open flight per key. A flight that is ANSWERED has no waiting callers,
 * and who joins it is answered at once: its value is like a copy near by, which a fence drops.
 */
final class FlightTable {
  private final MemoCore core;
  private final Rules rules;
  private final Map<Object, Flight> open = new HashMap<>();
  private final Map<Long, Flight> flights = new LinkedHashMap<>();
  private final Map<Token, Run> runs = new LinkedHashMap<>();
  private final Map<Object, Flight> waiting = new HashMap<>();
  private long requests;
  private final AtomicLong fences = new AtomicLong();

  FlightTable(MemoCore core, Rules rules) {
    this.core = core;
    this.rules = rules;
  }

  // ---- callers

  /** Returns whether the caller joined others. */
  boolean call(Object key, Object caller, List<Token> ancestors) {
    Flight flight = open.get(key);
    if (flight == null) {
      flight = new Flight(++requests, key, ancestors);
      open.put(key, flight);
      flights.put(flight.request, flight);
      join(flight, caller);
      acquire(flight);
      return false;
    }
    Value answer = flight.answer;
    if (answer != null) {
      core.emit(new Effect.Deliver(caller, new Effect.Returned(answer)));
      return true;
    }
    Token token = flight.token;
    if (token != null && ancestors.contains(token) && rules.apply(Rule.REFUSE_CYCLES)) {
      core.emit(new Effect.Deliver(caller, new Effect.Threw(core.cycle(key, ancestors))));
      return true;
    }
    join(flight, caller);
    return true;
  }

  @Nullable Value answer(Object key) {
    Flight flight = open.get(key);
    return flight == null ? null : flight.answer;
  }

  private void join(Flight flight, Object caller) {
    flight.callers.add(caller);
    waiting.put(caller, flight);
  }

  /** The caller waits no more. It must not be one that computes. */
  void leave(Object caller) {
    Flight flight = waiting.remove(caller);
    if (flight == null) {
      return;
    }
    flight.callers.remove(caller);
    if (flight.callers.isEmpty() && flight.state == State.WAITING) {
      forget(flight);
      core.toHome(new Message.Leave(flight.key, flight.request));
    }
  }

  /** The caller that should compute has left: another one does, or nobody. */
  void declined(Token token, Object caller) {
    Run run = runs.get(token);
    Flight flight = waiting.remove(caller);
    if (flight != null) {
      flight.callers.remove(caller);
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
      fences.incrementAndGet();
      runs.remove(token);
      finishFenced(flight, new Effect.Returned(value));
      return;
    }
    run.result = new Message.Complete(run.key, token, value);
    core.toHome(run.result);
    flight.state = State.ANSWERED;
    flight.token = null;
    deliver(flight, new Effect.Returned(value));
    if (flight.isOpen) {
      flight.answer = value;
    } else {
      flights.remove(flight.request);
    }
  }

  void failed(Token token, Object failure) {
    Run run = runs.get(token);
    if (run == null) {
      return;
    }
    if (run.fenced) {
      fences.incrementAndGet();
      runs.remove(token);
      finishFenced(run.flight, new Effect.Threw(failure));
      return;
    }
    run.result = new Message.Failed(run.key, token, failure);
    core.toHome(run.result);
    forget(run.flight);
    deliver(run.flight, new Effect.Threw(failure));
  }

  /** Callers that joined before the fence get the outcome; a run that lost to another's waits. */
  private void finishFenced(Flight flight, Effect.Outcome outcome) {
    if (!flight.isOpen) {
      forget(flight);
      deliver(flight, outcome);
      return;
    }
    flights.remove(flight.request);
    flight.request = ++requests;
    flights.put(flight.request, flight);
    flight.state = State.WAITING;
    flight.token = null;
    acquire(flight);
  }

  // ---- messages

  void onHit(Message.Hit hit, boolean keepHere) {
    Flight flight = flights.get(hit.request());
    if (flight == null || flight.state != State.WAITING) {
      return;
    }
    if (flight.isOpen && hit.epoch() < core.epoch()) {
      acquire(flight); // the home had not heard of the fence that this flight was opened after
      return;
    }
    Effect.Returned outcome = new Effect.Returned(hit.value());
    if (keepHere && flight.isOpen) {
      flight.state = State.ANSWERED;
      flight.answer = hit.value();
      core.emit(new Effect.Fill(flight.request, flight.key, hit.value(), hit.epoch()));
    } else {
      forget(flight);
    }
    deliver(flight, outcome);
  }

  void onFail(Message.Fail fail) {
    Flight flight = flights.get(fail.request());
    if (flight != null && flight.state == State.WAITING) {
      forget(flight);
      deliver(flight, new Effect.Threw(fail.failure()));
    }
  }

  void onGrant(Message.Grant grant, boolean current) {
    if (runs.containsKey(grant.token())) {
      return;
    }
    Flight flight = flights.get(grant.request());
    boolean old = !current && rules.apply(Rule.REFUSE_OLD_GRANT);
    boolean fenced = grant.token().epoch() < core.epoch();
    if (flight == null || flight.state != State.WAITING || old || fenced) {
      core.toHome(new Message.Abandon(grant.key(), grant.token()));
      if (flight != null && flight.state == State.WAITING && !old) {
        acquire(flight);
      }
      return;
    }
    flight.state = State.RUNNING;
    flight.token = grant.token();
    Run run = new Run(grant.token(), grant.key(), flight);
    runs.put(grant.token(), run);
    start(run);
  }

  private void start(Run run) {
    Object caller = run.flight.callers.iterator().next();
    core.emit(new Effect.Start(run.token, run.key, caller));
  }

  /** For memos that keep results on the members: the home took the result, so keep it here. */
  void onCompleteAck(Message.CompleteAck ack, boolean keepHere) {
    Run run = runs.get(ack.token());
    if (run == null || run.result == null) {
      return;
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
    if (flight != null && flight.state == State.ANSWERED) {
      forget(flight);
    }
  }

  void fence(Object key) {
    Flight flight = open.get(key);
    if (flight != null && rules.apply(Rule.FENCE_CLOSES_FLIGHTS)) {
      close(flight);
    }
    for (Run run : new ArrayList<>(runs.values())) {
      if (run.key.equals(key) && !run.fenced && rules.apply(Rule.FENCE_STOPS_RUNS)) {
        fence(run);
      }
    }
  }

  void fenceAll(long epoch) {
    for (Flight flight : new ArrayList<>(open.values())) {
      close(flight);
    }
    for (Run run : new ArrayList<>(runs.values())) {
      if (run.token.epoch() < epoch && !run.fenced) {
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
      if (run.result != null) {
        forget(run.flight);
      }
    }
  }

  private void close(Flight flight) {
    open.remove(flight.key);
    flight.isOpen = false;
    flight.answer = null;
    if (flight.state == State.ANSWERED) {
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
      if (flight.state == State.WAITING) {
        acquire(flight);
      }
    }
    for (Run run : runs.values()) {
      Message.ToHome result = run.result;
      if (result != null && !run.fenced && rules.apply(Rule.RESEND_RESULT)) {
        core.toHome(result);
      }
    }
  }

  /** Releases every waiter with the failure. Runs go on, for their own thread alone. */
  void shutDown(Object failure) {
    for (Flight flight : new ArrayList<>(flights.values())) {
      if (flight.state == State.WAITING) {
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

  int waiting() {
    return waiting.size();
  }

  long fences() {
    return fences.get();
  }

  private void acquire(Flight flight) {
    core.toHome(new Message.Acquire(flight.key, flight.request, flight.ancestors));
  }

  private void forget(Flight flight) {
    open.remove(flight.key, flight);
    flights.remove(flight.request);
    flight.isOpen = false;
    flight.answer = null;
  }

  private void deliver(Flight flight, Effect.Outcome outcome) {
    for (Object caller : flight.callers) {
      waiting.remove(caller);
      core.emit(new Effect.Deliver(caller, outcome));
    }
    flight.callers.clear();
  }

  private enum State {
    WAITING,
    RUNNING,
    ANSWERED
  }

  private static final class Flight {
    long request;
    final Object key;
    final List<Token> ancestors;
    final Set<Object> callers = new LinkedHashSet<>();
    State state = State.WAITING;
    boolean isOpen = true;
    @Nullable Token token;
    @Nullable Value answer;

    Flight(long request, Object key, List<Token> ancestors) {
      this.request = request;
      this.key = key;
      this.ancestors = ancestors;
    }
  }

  private static final class Run {
    final Token token;
    final Object key;
    final Flight flight;
    boolean fenced;
    Message.@Nullable ToHome result;

    Run(Token token, Object key, Flight flight) {
      this.token = token;
      this.key = key;
      this.flight = flight;
    }
  }
}
