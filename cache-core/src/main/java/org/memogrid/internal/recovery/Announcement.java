/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

import java.util.Set;

/**
 * What a member tells all others about its part in a cache.
 *
 * @param life the member
 * @param lives whose entries it has on its disk, its own among them
 * @param generation that it takes part in; 0 while it does not
 * @param holds whether it serves nobody
 * @param waived lives that nobody is to wait for, by the word of an operator
 */
public record Announcement(
    String life,
    Set<String> lives,
    long generation,
    boolean holds,
    Roster roster,
    Set<String> waived) {
  public Announcement {
    lives = Set.copyOf(lives);
    waived = Set.copyOf(waived);
  }
}
