/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Set;

/** Which rules are in force, and how often each decided something. Not thread-safe. */
final class Rules {
  private final EnumSet<Rule> off = EnumSet.noneOf(Rule.class);
  private final EnumMap<Rule, long[]> decided = new EnumMap<>(Rule.class);

  private Rules(Set<Rule> off) {
    this.off.addAll(off);
    for (Rule rule : Rule.values()) {
      decided.put(rule, new long[1]);
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
    count(rule)[0]++;
    return isOn(rule);
  }

  /** The same where nothing depends on it. */
  boolean isOn(Rule rule) {
    return !off.contains(rule);
  }

  long decided(Rule rule) {
    return count(rule)[0];
  }

  private long[] count(Rule rule) {
    return requireNonNull(decided.get(rule));
  }
}
