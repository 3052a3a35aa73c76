/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Set;

/**
 * Which rules are in force, and how often each made a difference: something else would have
 * happened without it. Not thread-safe.
 */
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

  /** Whether the rule is in force, asked where that makes a difference. */
  boolean apply(Rule rule) {
    return apply(rule, true);
  }

  /**
   * @param matters whether it makes a difference; if not, it is not counted
   */
  boolean apply(Rule rule, boolean matters) {
    if (matters) {
      made(rule);
    }
    return isOn(rule);
  }

  /** Whether the rule is in force; whether that makes a difference is not known yet. */
  boolean isOn(Rule rule) {
    return !off.contains(rule);
  }

  /** The rule has made a difference. */
  void made(Rule rule) {
    count(rule)[0]++;
  }

  long decided(Rule rule) {
    return count(rule)[0];
  }

  private long[] count(Rule rule) {
    return requireNonNull(decided.get(rule));
  }
}
