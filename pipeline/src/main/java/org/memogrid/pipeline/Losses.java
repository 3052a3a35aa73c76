/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * Whether members went together that may have been the only ones to hold something. What two
 * members hold is copied again when one of them is gone, which takes a moment. Not thread-safe.
 */
final class Losses {
  /** Long enough for what a member that is gone held to be copied again. */
  static final long COPYING_MILLIS = 10_000;

  private List<Member> members = List.of();
  private List<Member> gone = List.of();
  private long lastAt;

  /**
   * Takes a view.
   *
   * @return those that went at once, for people; null if what they held is still there
   */
  @Nullable String install(List<Member> now, long millis) {
    List<Member> going = members.stream().filter(member -> !now.contains(member)).toList();
    members = List.copyOf(now);
    if (going.isEmpty()) {
      return null;
    }
    List<Member> together =
        millis - lastAt < COPYING_MILLIS
            ? Stream.concat(gone.stream(), going.stream()).toList()
            : going;
    gone = together;
    lastAt = millis;
    return together.size() < 2
        ? null
        : together.stream().map(Member::toString).collect(Collectors.joining(" and "));
  }
}
