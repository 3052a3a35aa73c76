/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.EnumSet;
import java.util.Set;

/** Which rules are in force. Immutable. */
final class Rules {
  private static final Rules ALL = new Rules(Set.of());

  private final EnumSet<Rule> off;

  private Rules(Set<Rule> off) {
    this.off = off.isEmpty() ? EnumSet.noneOf(Rule.class) : EnumSet.copyOf(off);
  }

  static Rules all() {
    return ALL;
  }

  /** For tests, which show that the rule is necessary. */
  static Rules without(Set<Rule> off) {
    return new Rules(off);
  }

  /** Whether the rule is in force, asked where it decides. */
  boolean apply(Rule rule) {
    return !off.contains(rule);
  }
}
