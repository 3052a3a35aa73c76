/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

import java.time.Instant;
import java.util.List;

/**
 * What a transaction has prepared of one {@linkplain CacheOptions#recoverable recoverable} cache,
 * whose member was lost before it could end it. Its transaction manager knows how it ends: have the
 * recovery of that manager run, with its log and with {@link Transactions#recovery}. To end it by
 * hand is for when that log is lost; the manager is not told, and what it decides later is found
 * ended here.
 *
 * @see Transactions#inDoubt
 */
public interface InDoubtTransaction {
  /**
   * Which branch of which transaction it is, as three numbers with colons between: the format, and
   * in hexadecimal digits the transaction and its branch, by which the manager's log has it.
   */
  String id();

  /** The name of the cache. */
  String cache();

  /** The name of the member that prepared it. */
  String member();

  /** When that was, by the clock of that member. */
  Instant preparedAt();

  /** The keys that it read or wrote, as text; nobody else can write them until it ends. */
  List<String> keys();

  /**
   * Writes what was prepared, on all owners, and lets go of the keys. What was committed before by
   * halves is whole then. Nothing happens if it has ended meanwhile.
   *
   * @throws CacheException if it was not possible now, with the reason; it stays in doubt
   */
  void commit();

  /**
   * Lets go of the keys and forgets what was prepared. What its member had begun to commit is not
   * taken back: then the owners of a key may differ until it is written again. Nothing happens if
   * it has ended meanwhile.
   *
   * @throws CacheException if it was not possible now, with the reason; it stays in doubt
   */
  void rollback();
}
