/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;

import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/**
 * Which rules are in force, and how often each decided something. Not thread-safe. Asked several
 * times for each message, so it makes no object.
 */
final class Rules {
  private final Map<Rule, Standing> all = new EnumMap<>(Rule.class);

  private static final class Standing {
    final boolean inForce;
    long decided;

    Standing(boolean inForce) {
      this.inForce = inForce;
    }
  }

  private Rules(Set<Rule> off) {
    for (Rule rule : Rule.values()) {
      all.put(rule, new Standing(!off.contains(rule)));
    }
  }

  static Rules all() {
    return new Rules(Set.of());
  }

  /** For tests, which show that the rule is necessary. */
  static Rules without(Set<Rule> off) {
    return new Rules(off);
  }

  /** Whether the rule is in force, asked where it decides. */
  boolean apply(Rule rule) {
    Standing its = standing(rule);
    its.decided++;
    return its.inForce;
  }

  long decided(Rule rule) {
    return standing(rule).decided;
  }

  private Standing standing(Rule rule) {
    return requireNonNull(all.get(rule));
  }
}
