/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.net.URI;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Which names the managers of this process give their caches in the cluster. Managers of one URI
 * share their caches with those of that URI on other members. In one process the JSR wants the
 * managers of two class loaders to be apart: the second is numbered. One that is to be alone has no
 * other beside it, whichever came first. Thread-safe.
 */
final class Namespaces {
  private static final Map<String, Taken> TAKEN = new HashMap<>();

  private record Taken(BitSet numbers, boolean alone) {}

  private Namespaces() {}

  /**
   * The lowest number that no open manager has here.
   *
   * @throws IllegalStateException if there is one and this one, or that one, is to be alone
   */
  static synchronized int take(String scope, URI uri, boolean alone) {
    Taken taken = TAKEN.get(scope);
    if (taken == null) {
      taken = new Taken(new BitSet(), alone);
      TAKEN.put(scope, taken);
    } else if (alone || taken.alone) {
      throw new IllegalStateException(
          "this cluster has an open cache manager of "
              + uri
              + " in this process: use that one, close it first, or give this one a URI of its own"
              + " with managerOn(cluster, uri)");
    }
    int number = taken.numbers.nextClearBit(0);
    taken.numbers.set(number);
    return number;
  }

  static synchronized void giveBack(String scope, int number) {
    Taken taken = TAKEN.get(scope);
    if (taken != null) {
      taken.numbers.clear(number);
      if (taken.numbers.isEmpty()) {
        TAKEN.remove(scope);
      }
    }
  }
}
