/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

/**
 * Where the entries of a cache live, and so what a reader on another member may expect. All of it
 * holds for the members of one view: a cluster that falls apart serves what each side has, unless
 * it is {@link org.memogrid.cluster.Partitions#CONSISTENT}.
 *
 * <p>In every mode that shares data, a write that is under way while an owner of its entry dies is
 * repeated by the engine. Conditional writes recognise their own work. A {@code put}, {@code
 * remove(key)} or {@code clear} does not: it may be applied twice, with another member's write of
 * the same key between, which is then lost.
 */
public enum Mode {
  /**
   * Entries live in this process alone.
   *
   * <table>
   *   <caption>LOCAL</caption>
   *   <tr><td>a write returns when</td><td>it is visible to every thread of this process</td></tr>
   *   <tr><td>a read elsewhere</td><td>has entries of its own: caches of one name share
   *       nothing</td></tr>
   *   <tr><td>atomic operations</td><td>atomic in this process</td></tr>
   *   <tr><td>encoded</td><td>neither keys nor values: any object will do</td></tr>
   *   <tr><td>{@code size}, {@code entries}, {@code clear}</td><td>this process</td></tr>
   *   <tr><td>events</td><td>of this process</td></tr>
   *   <tr><td>a process that ends</td><td>takes its entries with it</td></tr>
   * </table>
   */
  LOCAL,

  /**
   * Each member keeps what it wrote itself; a write or a removal evicts the key on all others.
   *
   * <table>
   *   <caption>INVALIDATED</caption>
   *   <tr><td>a write returns when</td><td>it is stored here, and all other members of the view
   *       have let go of the key</td></tr>
   *   <tr><td>a read elsewhere</td><td>finds nothing until that member writes: it never finds what
   *       was there before a write or removal that returned. Of two members that write one key at
   *       the same time, either, both or none may keep what it wrote</td></tr>
   *   <tr><td>atomic operations</td><td>atomic on one member: they look at this member's entry
   *       alone, so {@code putIfAbsent} may succeed on two members</td></tr>
   *   <tr><td>encoded</td><td>keys; values never cross the wire</td></tr>
   *   <tr><td>idle time</td><td>counts reads on the member that holds the entry</td></tr>
   *   <tr><td>{@code size}, {@code entries}</td><td>this member; {@code clear} reaches all</td></tr>
   *   <tr><td>events</td><td>of this member; REMOVED also when another member wrote the key</td></tr>
   *   <tr><td>a member that dies</td><td>takes its entries with it</td></tr>
   * </table>
   */
  INVALIDATED,

  /**
   * Every member holds every entry: reads are local, writes reach all.
   *
   * <table>
   *   <caption>REPLICATED</caption>
   *   <tr><td>a write returns when</td><td>all members of the view have it</td></tr>
   *   <tr><td>a read elsewhere</td><td>finds a write that returned before the read began. While the
   *       write is under way, one member may have it already and another not yet</td></tr>
   *   <tr><td>atomic operations</td><td>atomic across the cluster: the first owner of the key orders
   *       them</td></tr>
   *   <tr><td>encoded</td><td>keys and values; decoded when somebody asks, once per
   *       member</td></tr>
   *   <tr><td>{@code size}, {@code entries}, {@code clear}</td><td>the cluster</td></tr>
   *   <tr><td>events</td><td>of every member's writes</td></tr>
   *   <tr><td>members that die</td><td>lose no entry while one is left</td></tr>
   *   <tr><td>a member that joins</td><td>has all entries before it serves</td></tr>
   * </table>
   */
  REPLICATED,

  /**
   * Each entry is held by a fixed number of owners, two unless {@link CacheOptions#owners} says
   * otherwise.
   *
   * <table>
   *   <caption>DISTRIBUTED</caption>
   *   <tr><td>a write returns when</td><td>all owners of the entry have it</td></tr>
   *   <tr><td>a read elsewhere</td><td>finds a write that returned before the read began; it asks an
   *       owner unless the reader is one</td></tr>
   *   <tr><td>atomic operations</td><td>atomic across the cluster: the first owner of the key orders
   *       them</td></tr>
   *   <tr><td>encoded</td><td>keys and values; decoded when somebody asks. A member that lacks a
   *       class can own entries of it</td></tr>
   *   <tr><td>{@code size}, {@code entries}, {@code clear}</td><td>the cluster</td></tr>
   *   <tr><td>events</td><td>of every member's writes; UPDATED without the old value on members that
   *       don't own the entry</td></tr>
   *   <tr><td>members that die</td><td>lose no entry while fewer than its owners die before the
   *       others have copied it anew</td></tr>
   *   <tr><td>a member that joins</td><td>owns its share before it serves</td></tr>
   * </table>
   */
  DISTRIBUTED
}
