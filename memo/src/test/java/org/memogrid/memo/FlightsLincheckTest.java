/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt.forClasses;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Member;

/**
 * The flights of one member are linearizable: whatever the order in which threads call, compute,
 * invalidate and change the source, somebody who did one thing after the other could have seen the
 * same. Lincheck runs two and three threads through the interleavings of {@link Turns} and {@link
 * Call}; a step of {@link MemoCore} counts as one, since no two threads are in it at a time, which
 * is checked. {@code -Dmemogrid.lincheck=N} takes N interleavings of each scenario.
 */
class FlightsLincheckTest {
  private static final int INTERLEAVINGS = Integer.getInteger("memogrid.lincheck", 100);

  private static final ExecutionScenario INVALIDATED_MEANWHILE =
      scenario(
          List.of(
              List.of(actor("call"), actor("call")),
              List.of(actor("change"), actor("invalidate"), actor("call"))));

  private static final ExecutionScenario BOTH_WAYS =
      scenario(
          List.of(
              List.of(actor("call"), actor("change"), actor("invalidate")),
              List.of(actor("change"), actor("invalidate"), actor("call"))));

  private static final ExecutionScenario THREE =
      scenario(
          List.of(
              List.of(actor("call")),
              List.of(actor("call")),
              List.of(actor("change"), actor("invalidate"), actor("call"))));

  @Test
  void callsAndInvalidationsOfAMemberAreLinearizable() {
    options(INVALIDATED_MEANWHILE, BOTH_WAYS, THREE).check(Flights.class);
  }

  /** That Lincheck sees it if they are not. */
  @Test
  void withoutTheFenceOfRunsTheyAreNot() {
    LincheckAssertionError seen = null;
    try {
      options(INVALIDATED_MEANWHILE).check(Unfenced.class);
    } catch (LincheckAssertionError e) {
      seen = e;
    }
    assertThat(seen).hasMessageContaining("call()");
  }

  private static ModelCheckingOptions options(ExecutionScenario... scenarios) {
    ModelCheckingOptions options =
        new ModelCheckingOptions()
            .iterations(0) // of scenarios by chance: most of them are about nothing
            .invocationsPerIteration(INTERLEAVINGS)
            .minimizeFailedScenario(false)
            .addGuarantee(forClasses(MemoCore.class.getName()).allMethods().ignore())
            .sequentialSpecification(Remembered.class);
    for (ExecutionScenario scenario : scenarios) {
      options = options.addCustomScenario(scenario);
    }
    return options;
  }

  private static ExecutionScenario scenario(List<List<Actor>> threads) {
    return new ExecutionScenario(List.of(), threads, List.of(actor("call")), null);
  }

  private static Actor actor(String operation) {
    try {
      return new Actor(Flights.class.getMethod(operation), List.of());
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What Flights does, for somebody who is alone. */
  public static final class Remembered {
    private int source;
    private @Nullable Integer value;

    public int call() {
      Integer known = value;
      if (known == null) {
        known = source;
        value = known;
      }
      return known;
    }

    public void invalidate() {
      value = null;
    }

    public void change() {
      source++;
    }
  }

  /** A memo's shell in small, with a store that answers at once, as in LOCAL. */
  public static class Flights {
    private static final Member SELF = new Member("a", "a#1");
    private static final String KEY = "key";

    private final AtomicLong numbers = new AtomicLong();
    private final AtomicInteger source = new AtomicInteger();
    private final ConcurrentMap<Object, Stored> store = new ConcurrentHashMap<>();
    private final Turns turns =
        new Turns(
            e -> {
              throw new IllegalStateException(e);
            });
    private final MemoCore core;
    private final List<Effect> effects = new ArrayList<>();
    private boolean inTurn;

    public Flights() {
      this(Set.of());
    }

    Flights(Set<Rule> off) {
      core =
          new MemoCore(
              new MemoCore.Identity(SELF, "memo", true, numbers::incrementAndGet, 16),
              Rules.without(off),
              runs -> "a cycle",
              effects::add);
      turns.open();
      feed(c -> c.install(new Configuration(1, SELF, List.of(SELF), key -> SELF)));
    }

    private void feed(Consumer<MemoCore> event) {
      turns.add(() -> turn(event));
    }

    /** Lincheck takes the core's part for one step, so that it has to be alone is checked here. */
    private void turn(Consumer<MemoCore> event) {
      if (inTurn) {
        throw new IllegalStateException("two threads in the core");
      }
      inTurn = true;
      event.accept(core);
      List<Effect> due = List.copyOf(effects);
      effects.clear();
      inTurn = false;
      due.forEach(this::perform);
    }

    @Operation
    public int call() throws InterruptedException {
      Stored near = store.get(KEY);
      if (near != null) {
        return value(near.value());
      }
      Call.Blocking call = new Call.Blocking();
      feed(c -> c.call(KEY, call, List.of(), null));
      while (true) {
        call.await(0);
        Token token = call.take();
        if (token == null) {
          return value(((Effect.Returned) outcome(call)).value());
        }
        Value result = new Value(source.get(), 0, 0);
        call.computed();
        feed(c -> c.returned(token, result));
      }
    }

    @Operation
    public void invalidate() throws InterruptedException {
      Call.Blocking call = new Call.Blocking();
      feed(c -> c.invalidate(KEY, call));
      call.await(0);
    }

    @Operation
    public void change() {
      source.incrementAndGet();
    }

    private static Effect.Outcome outcome(Call call) {
      Effect.Outcome outcome = call.outcome();
      if (outcome == null) {
        throw new IllegalStateException("woken for nothing");
      }
      return outcome;
    }

    private static int value(@Nullable Value value) {
      if (value == null) {
        throw new IllegalStateException("a tombstone");
      }
      return (Integer) value.payload();
    }

    private void perform(Effect effect) {
      if (effect instanceof Effect.Send send) {
        turns.addOwn(() -> turn(c -> c.received(SELF, send.stamp(), send.message())));
      } else if (effect instanceof Effect.Start start) {
        Call call = (Call) start.caller();
        if (!call.offer(start.token())) {
          feed(c -> c.declined(start.token(), call));
        }
      } else if (effect instanceof Effect.Deliver deliver) {
        ((Call) deliver.caller()).complete(deliver.outcome());
      } else if (effect instanceof Effect.Invalidated invalidated) {
        ((Call) invalidated.caller()).complete(new Effect.Returned(Value.NOTHING));
      } else if (effect instanceof Effect.Read read) {
        Stored found = store.get(read.key());
        feed(c -> c.found(read.operation(), found));
      } else if (effect instanceof Effect.Write write) {
        write(write);
      } else if (effect instanceof Effect.Bury bury) {
        store.remove(bury.key());
        feed(c -> c.buried(bury.operation(), null));
      }
    }

    private void write(Effect.Write write) {
      Stored entry = new Stored(new Object(), write.value(), 0, 0);
      Stored seen = write.seen();
      Stored there = null;
      if (seen == null) {
        there = store.putIfAbsent(write.key(), entry);
      } else if (!store.replace(write.key(), seen, entry)) {
        there = store.get(write.key());
      }
      Stored conflict = there;
      feed(c -> c.written(write.operation(), conflict == null, conflict));
    }
  }

  /** The same without a rule. */
  public static final class Unfenced extends Flights {
    public Unfenced() {
      super(Set.of(Rule.FENCE_CLOSES_FLIGHTS, Rule.FENCE_STOPS_RUNS));
    }
  }
}
