/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Where a value is, as its step and the step's error handler see it. Not thread-safe. */
final class Place implements StepContext {
  private final Definition definition;
  private final StepDefinition step;
  private final int attempt;
  private final String id;
  private @Nullable String chosen;
  private boolean handling;

  Place(Definition definition, StepDefinition step, int attempt, String id) {
    this.definition = definition;
    this.step = step;
    this.attempt = attempt;
    this.id = id;
  }

  /** From now on it is the error handler that asks. */
  void handling() {
    handling = true;
  }

  /** The step to which the value goes; null for the next one. */
  @Nullable String chosen() {
    return chosen;
  }

  @Override
  public String pipeline() {
    return definition.name;
  }

  @Override
  public String currentStep() {
    return step.name();
  }

  @Override
  public String nextStep() {
    StepDefinition next = definition.next(step);
    return next == null ? END : next.name();
  }

  @Override
  public int attempt() {
    return attempt;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public void goTo(String target) {
    Objects.requireNonNull(target, "step");
    if (handling) {
      throw new IllegalStateException(
          definition.at(step.name())
              + ": its error handler can't goTo('"
              + target
              + "'): return Recovery.jump(...)");
    }
    if (!target.equals(END)) {
      var unused = definition.target(step, target);
    }
    chosen = target;
  }
}
