/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import org.jspecify.annotations.Nullable;

/**
 * Writes on condition that what the caller read is still there, with the answer that the engine may
 * get wrong put right.
 *
 * <ol>
 *   <li>A replaces 1 by 2; the owner stores and dies before it answers.
 *   <li>B reads 2 and replaces it by 3.
 *   <li>The engine repeats A's write with the new owner, which has 3 and not 1: no.
 * </ol>
 *
 * <p>If A believed that, it would apply its change twice. 3 knows that it came after 2.
 */
public final class Conditional {
  private Conditional() {}

  /** Stores if nothing is there, and tells whether it did. */
  public static boolean add(Store store, Object key, Envelope envelope) {
    Envelope conflict = store.putIfAbsent(key, envelope);
    return conflict == null || landed(conflict, envelope);
  }

  /** Stores if {@code there} still is, and tells whether it did. */
  public static boolean swap(Store store, Object key, Envelope there, Envelope envelope) {
    Envelope successor = envelope.after(there);
    return store.replace(key, there, successor) || landed(store.get(key), successor);
  }

  private static boolean landed(@Nullable Envelope now, Envelope envelope) {
    return now != null && now.provesLanded(envelope);
  }
}
