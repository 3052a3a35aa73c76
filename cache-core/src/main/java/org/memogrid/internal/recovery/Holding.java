/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

import java.util.List;
import java.util.TreeSet;

/**
 * Who had all confirmed writes of a segment at a moment, by the ids of their lives.
 *
 * @param owners each of them had all; in the engine's order
 * @param witnesses who may know of a later moment: the owners, and those that were about to become
 *     owners
 */
public record Holding(Epoch at, List<String> owners, List<String> witnesses) {
  /** Nobody has ever had anything. */
  static final Holding NONE = new Holding(Epoch.NEVER, List.of(), List.of());

  public Holding {
    owners = List.copyOf(owners);
    witnesses = List.copyOf(witnesses);
  }

  /** Whether one of its owners is among those. */
  boolean meets(List<String> lives) {
    for (String owner : owners) {
      if (lives.contains(owner)) {
        return true;
      }
    }
    return false;
  }

  /**
   * The later of two. Two of one moment come from a coordinator that died while it told the others:
   * who is an owner by both has all that either side confirmed. If nobody is, the cluster had been
   * split, and one side is taken.
   */
  static Holding later(Holding one, Holding other) {
    int order = one.at.compareTo(other.at);
    if (order != 0) {
      return order > 0 ? one : other;
    }
    if (one.equals(other)) {
      return one;
    }
    List<String> both = one.owners.stream().filter(other.owners::contains).sorted().toList();
    if (both.isEmpty()) {
      both =
          one.owners.toString().compareTo(other.owners.toString()) > 0 ? one.owners : other.owners;
    }
    TreeSet<String> all = new TreeSet<>(one.witnesses);
    all.addAll(other.witnesses);
    return new Holding(one.at, both, List.copyOf(all));
  }
}
