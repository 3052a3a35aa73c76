/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/** Why a cache in files is not served, or can't be opened, and what to do. */
final class HeldReasons {
  private static final String GOES_ON =
      "its entries are being put back, or former members are missing";

  private HeldReasons() {}

  private static String of(String cache) {
    return "cache '" + cache + "'";
  }

  static String ended(String cache, String why) {
    return of(cache) + " is not served here: " + why;
  }

  static String cut(String cache) {
    return of(cache)
        + " is not served: this member has lost half of the members at once, or is cut off from"
        + " them. It goes on when they can be reached. If they have ended, stop all members that are"
        + " left, then start all with their directories";
  }

  static String missing(String cache, Set<String> members) {
    return of(cache)
        + " is not served: "
        + members
        + " may have later entries than all that are here, and are not back. Start them with their"
        + " directories; if they are gone for good, go on without them by"
        + " cache.goOnWithoutMissing() or in JMX: what they alone had is lost then";
  }

  static String puttingBack(String cache) {
    return of(cache)
        + " is not served yet: its entries are being put back from the disks; try again";
  }

  /** What a member says to those who asked it. */
  static String refused(String cache, String member, @Nullable String ended, boolean cut) {
    return of(cache)
        + " is not served by "
        + member
        + ", which owns what was asked for: "
        + (ended != null
            ? ended
            : cut ? "it has lost half of the members at once, or is cut off from them" : GOES_ON);
  }

  /** Whether one that said so will serve without anybody's doing, or may. */
  static boolean goesOn(String refusal) {
    return refusal.endsWith(GOES_ON);
  }

  static String silent(String cache, Set<String> members, Duration within) {
    return of(cache)
        + ": "
        + members
        + " did not say within "
        + within
        + " what their files have: see their logs, then open the cache again";
  }

  /** All have said what they have, and wait for the oldest. */
  static String notBegun(String cache, List<Member> members, Duration within) {
    return of(cache)
        + " was not begun within "
        + within
        + " by the first of "
        + members.stream().map(Member::name).toList()
        + ": see its log, then open the cache again";
  }

  static String failedOn(String cache, String member, String why) {
    return of(cache) + " can't be opened on " + member + ": " + why;
  }

  static String otherHistory(String cache, Object folder) {
    return of(cache)
        + ": the files in "
        + folder
        + " are of another history than what the cluster has: it was begun anew by a member that"
        + " had none. Stop the cluster and start the members that have files first, or move the"
        + " folder away to give its entries up";
  }

  static String openedBefore(String cache, Object folder) {
    return of(cache)
        + " was open on this member before, and its files are in "
        + folder
        + ": start this member again";
  }

  static String leaves(String cache) {
    return of(cache) + " does not start here: this member leaves";
  }

  static String rosterRefused(Object folder, Exception refusal) {
    return "its disk refused "
        + folder
        + ": "
        + refusal
        + "; make room or mount it writable, then start this member again";
  }
}
