/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.behind;

import java.util.BitSet;

/**
 * A member's share of a cache by one topology.
 *
 * @param number of the topology
 * @param ordered the segments whose writes it orders
 * @param owned those of which it is an owner, the ordered ones too
 * @param read those of which it is an owner and has all entries
 * @param steady whether no segment is about to have other owners
 */
public record Share(int number, BitSet ordered, BitSet owned, BitSet read, boolean steady) {
  public static final Share NONE = new Share(-1, new BitSet(), new BitSet(), new BitSet(), false);
}
