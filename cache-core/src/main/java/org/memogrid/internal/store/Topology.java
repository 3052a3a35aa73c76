/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import java.util.List;
import org.memogrid.cluster.Member;

/**
 * A configuration: who the members of a cache are and which of them is home to a key. Compared
 * whole, since the sides of a split cluster reuse numbers.
 */
public interface Topology {
  long id();

  Member coordinator();

  List<Member> members();

  /** The member that orders the operations on a key: its primary owner. */
  Member home(Object key);

  /**
   * All members that hold the entry, the home first; this member alone where each has entries of
   * its own.
   */
  List<Member> owners(Object key);
}
