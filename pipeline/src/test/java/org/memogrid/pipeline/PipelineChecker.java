/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** Whether what happens in a simulated life is what a pipeline promises. */
final class PipelineChecker {
  private final PipelineSim sim;
  private final Map<String, Value> values = new LinkedHashMap<>();
  private final Map<String, Integer> entered = new HashMap<>();
  private final Map<String, Set<String>> cycles = new HashMap<>();
  private final Map<String, Integer> failed = new HashMap<>();
  private final Set<Long> blamed = new HashSet<>();
  private final List<String> violations = new ArrayList<>();

  /** What is known of one value. */
  private static final class Value {
    final Member origin;
    boolean taken;
    boolean answered;
    boolean found;

    /** Whether it was a dead letter, which then comes again with nobody who waits. */
    boolean died;

    private final Set<String> ends = new HashSet<>();

    /** What its caller heard, if that lives: what one heard that died at once nobody knows. */
    private @Nullable String toCaller;

    /** Whether what its caller hears need not be what others hear. */
    boolean doubtful;

    Value(Member origin) {
      this.origin = origin;
    }

    Set<String> ends() {
      Set<String> all = new HashSet<>(ends);
      if (toCaller != null) {
        all.add(toCaller);
      }
      return all;
    }
  }

  PipelineChecker(PipelineSim sim) {
    this.sim = sim;
  }

  List<String> violations() {
    return violations;
  }

  Set<String> ids() {
    return values.keySet();
  }

  private void violated(String what) {
    violations.add(String.format("%.0f: %s", sim.time.now(), what));
    sim.note("VIOLATED " + what);
  }

  private Value value(String id) {
    Value value = values.get(id);
    if (value == null) {
      throw new AssertionError(id + " was not submitted");
    }
    return value;
  }

  void submitting(String id, Member origin) {
    Value value = new Value(origin);
    value.doubtful = !sim.views.has(origin) || sim.lags(origin);
    values.put(id, value);
  }

  void submitted(String id) {
    value(id).taken = true;
  }

  void suspected(Member member) {
    for (Value value : values.values()) {
      value.doubtful |= value.origin.equals(member);
    }
  }

  /** As a crash of the process: the verdict on what it told its own caller may be lost with it. */
  void crashed(Member member) {
    for (Value value : values.values()) {
      if (value.origin.equals(member)) {
        value.toCaller = null;
      }
    }
  }

  void entered(Act.Parcel parcel) {
    Envelope envelope = parcel.envelope();
    String place = parcel.to().name() + " " + envelope.moveId();
    if (entered.merge(place, 1, Integer::sum) > 1) {
      violated(envelope.id() + " came to a step twice: " + place);
    }
  }

  void begun(
      SimQueues.Entry entry,
      StepDefinition step,
      Passage passage,
      @Nullable List<byte @Nullable []> parts) {
    Envelope at = passage.envelope();
    long now = SimPipelineMember.EPOCH + (long) sim.time.now();
    boolean storesFirst = parts != null;
    if (at.deadline() != 0 && now >= at.deadline() && !storesFirst) {
      violated("a step begins with " + at.id() + " behind its deadline");
    }
    if (at.id().startsWith("cycle") && step.index() == 1) {
      Set<String> rounds = cycles.computeIfAbsent(at.id(), id -> new HashSet<>());
      rounds.add(at.moveId());
      if (rounds.size() > sim.definition.maxJumps + 1) {
        violated(at.id() + " goes round and round");
      }
    }
    if (parts != null && !parts.isEmpty() && parts.size() != entry.envelope.last().count()) {
      violated(at.id() + " is joined with a part missing");
    }
  }

  /** A step has taken its member down; its queue counts that, once it is the step's own. */
  void killed(SimQueues.Entry entry, StepDefinition step) {
    if (!entry.step.equals(step) && !blamed.add(entry.number)) {
      violated(
          entry.envelope.id()
              + " took two members down in "
              + step.name()
              + ", for which "
              + entry.step.name()
              + " is blamed");
    }
  }

  /** Where nothing comes twice, each step has as many attempts as it should have. */
  void failed(SimQueues.Entry entry, StepDefinition step, Passage passage) {
    boolean once = sim.scenario == PipelineSim.Scenario.CALM && sim.twice == 0;
    // A join is begun by each part that finds all of them.
    if (once && !entry.redriven && step.kind() != StepDefinition.Kind.JOIN) {
      String place = step.name() + " " + passage.envelope().moveId();
      if (failed.merge(place, 1, Integer::sum) > sim.definition.attempts) {
        violated(passage.envelope().id() + " is tried too often: " + place);
      }
    }
  }

  private static String text(Outcome outcome) {
    byte[] value = outcome.value();
    return outcome.kind() + (value == null ? "" : " " + new String(value, UTF_8));
  }

  void told(String id, Member who, Outcome outcome, boolean caller) {
    sim.note(who + " is told " + id + " " + text(outcome));
    Value value = value(id);
    if (caller) {
      if (value.answered) {
        violated(id + " answers its caller twice");
      }
      value.answered = true;
    } else {
      value.found = true;
    }
    value.died |= !outcome.isFinal();
    if (outcome.isFinal() && !value.doubtful) {
      if (caller) {
        value.toCaller = text(outcome);
      } else {
        value.ends.add(text(outcome));
      }
    }
    if (value.ends().size() > 1) {
      violated(id + " has two ends: " + value.ends());
    }
  }

  /** From now on nothing fails, and dead letters have come again. */
  void healed() {
    values.values().forEach(value -> value.found = false);
  }

  void atTheEnd() {
    values.forEach(
        (id, value) -> {
          if (sim.isUp(value.origin) && !value.answered) {
            violated(id + " never answers its caller");
          }
          boolean nobodyWaits = value.died || !sim.isUp(value.origin);
          boolean endless = id.startsWith("stuck") && nobodyWaits;
          if (value.taken && !value.found && !endless) {
            violated(id + " is gone: nobody finds its end");
          }
          if (value.taken && value.ends().isEmpty() && !value.doubtful && !endless) {
            violated(id + " has no end, though nothing fails any more");
          }
        });
    sim.queues.left().forEach(left -> violated("a message is left: " + left));
  }
}
