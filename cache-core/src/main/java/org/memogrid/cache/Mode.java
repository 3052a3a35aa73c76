/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

/** Where the entries of a cache live, and so what a reader on another member may expect. */
public enum Mode {
  /**
   * Entries live in this process alone. Nothing crosses the wire, so values need not be encodable.
   */
  LOCAL,

  /**
   * Each member keeps what it wrote itself; a write or a removal evicts the key on all other
   * members. Values never cross the wire. The atomic operations are atomic on one member only.
   */
  INVALIDATED,

  /** Every member holds every entry. Reads are local, writes reach all members. */
  REPLICATED,

  /** Each entry is held by a fixed number of owners, two unless told otherwise. */
  DISTRIBUTED
}
