/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jgroups.Address;
import org.jspecify.annotations.Nullable;

/**
 * The addresses behind the ids of members. Those that left are remembered for a while, as what is
 * under way may still name them: {@value #REMEMBERED} of them, so that a cluster whose members come
 * and go for months does not fill its memory. Thread-safe; views are told one at a time.
 */
final class KnownMembers {
  static final int REMEMBERED = 1_000;

  private final ConcurrentMap<String, Address> addresses = new ConcurrentHashMap<>();
  private final Set<String> gone = new LinkedHashSet<>();
  private Set<String> present = Set.of();

  @Nullable Address get(String id) {
    return addresses.get(id);
  }

  /** A member that sent something, maybe before its first view came here. */
  void heardOf(Address member) {
    addresses.putIfAbsent(Addresses.member(member).id(), member);
  }

  void onView(List<Address> members) {
    Set<String> now = new LinkedHashSet<>();
    for (Address member : members) {
      String id = Addresses.member(member).id();
      addresses.put(id, member);
      now.add(id);
    }
    for (String id : present) {
      if (!now.contains(id)) {
        gone.add(id);
      }
    }
    gone.removeAll(now);
    present = now;
    for (Iterator<String> oldest = gone.iterator(); gone.size() > REMEMBERED; ) {
      addresses.remove(oldest.next());
      oldest.remove();
    }
  }
}
