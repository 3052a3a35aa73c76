/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;

/**
 * Writes on condition that what the caller read is still there, and puts right what the engine may
 * answer when a member is lost.
 *
 * <p>A no to a write that was stored:
 *
 * <ol>
 *   <li>A replaces 1 by 2; the owner stores and dies before it answers.
 *   <li>B reads 2 and replaces it by 3.
 *   <li>The engine repeats A's write with the new owner, which has 3 and not 1: no.
 * </ol>
 *
 * <p>If A believed that, it would apply its change twice. 3 knows that it came after 2.
 *
 * <p>A no that would be the answer for ever:
 *
 * <ol>
 *   <li>A member is killed while it sends 2 over 1: it has reached B, and not the owner.
 *   <li>B reads 2 and asks to replace it by 3; the owner has 1: no.
 *   <li>B reads again, and still finds 2.
 * </ol>
 *
 * <p>So who finds what was refused has the owner's entry written once more, as it is, to all.
 */
public final class Conditional {
  /** How long a mark is kept where the owner had nothing: only those who read meanwhile need it. */
  private static final long MARK_MILLIS = 60_000;

  private static final Versions VERSIONS = new Versions();

  private Conditional() {}

  /** Stores if nothing is there, and tells whether it did. */
  public static boolean add(Store store, Object key, Envelope envelope) {
    Envelope conflict = store.putIfAbsent(key, envelope);
    if (conflict == null || landed(conflict, envelope)) {
      return true;
    }
    if (store.get(key) == null) {
      store.renew(key, conflict);
    }
    return false;
  }

  /** Stores if {@code there} still is, and tells whether it did. */
  public static boolean swap(Store store, Object key, Envelope there, Envelope envelope) {
    Envelope successor = envelope.after(there);
    if (store.replace(key, there, successor)) {
      return true;
    }
    Envelope now = store.get(key);
    settleIfRefused(store, key, there, now);
    return landed(now, successor);
  }

  /**
   * Stores what was loaded, if {@code there} still is, and tells whether it did. In INVALIDATED
   * each member loads for itself, and a load changes nothing that another's copy would have to
   * follow: so it stays on this member, or members that read one key would take each other's copies
   * away.
   */
  public static boolean keep(Store store, Object key, Envelope there, Envelope envelope) {
    return store.mode() == Mode.INVALIDATED
        ? store.replaceLocal(key, there, envelope.after(there))
        : swap(store, key, there, envelope);
  }

  /** Removes if {@code there} still is, and tells whether it did. */
  public static boolean remove(Store store, Object key, Envelope there) {
    if (store.remove(key, there)) {
      return true;
    }
    settleIfRefused(store, key, there, store.get(key));
    return false;
  }

  /** The owner's entry is not overwritten: it goes out again under the version that it has. */
  private static void settleIfRefused(
      Store store, Object key, Envelope refused, @Nullable Envelope now) {
    if (!refused.equals(now)) {
      return;
    }
    long millis = System.currentTimeMillis();
    Envelope nothing =
        Envelope.tombstone(VERSIONS.next()).expiring(millis + MARK_MILLIS, 0, millis);
    Envelope owners = store.putIfAbsent(key, nothing);
    if (owners != null && !owners.equals(refused) && refused.equals(store.get(key))) {
      store.renew(key, owners);
    }
  }

  private static boolean landed(@Nullable Envelope now, Envelope envelope) {
    return now != null && now.provesLanded(envelope);
  }
}
