/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Which names the managers of this process give their caches in the cluster. Managers of one URI
 * share their caches with those of that URI on other members. In one process the JSR wants the
 * managers of two class loaders to be apart: the second is numbered. Thread-safe.
 */
final class Namespaces {
  private static final Map<String, BitSet> TAKEN = new HashMap<>();

  private Namespaces() {}

  /** The lowest number that no open manager has here. */
  static synchronized int take(String scope) {
    BitSet taken = TAKEN.computeIfAbsent(scope, n -> new BitSet());
    int number = taken.nextClearBit(0);
    taken.set(number);
    return number;
  }

  static synchronized void giveBack(String scope, int number) {
    BitSet taken = TAKEN.get(scope);
    if (taken != null) {
      taken.clear(number);
      if (taken.isEmpty()) {
        TAKEN.remove(scope);
      }
    }
  }
}
