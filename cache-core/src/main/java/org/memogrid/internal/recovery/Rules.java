/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/** Which rules are in force, and how often each was asked. Not thread-safe. */
final class Rules {
  private final Set<Rule> off;
  private final Map<Rule, Long> decided = new EnumMap<>(Rule.class);

  private Rules(Set<Rule> off) {
    this.off = Set.copyOf(off);
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
    decided.merge(rule, 1L, Long::sum);
    return !off.contains(rule);
  }

  long decided(Rule rule) {
    return decided.getOrDefault(rule, 0L);
  }
}
