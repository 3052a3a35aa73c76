/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

/**
 * What members do with {@code REPLICATED} and {@code DISTRIBUTED} entries when they can't see each
 * other. The same on all members of a cluster: the oldest member of each side decides for its side.
 *
 * <p>Either holds from the moment a side has noticed that it is one, some seconds after a cut (see
 * the cluster's page). Until then a member goes on reading what it holds itself, which may be old.
 */
public enum Partitions {
  /**
   * Every side goes on with what it has. When the sides merge, each key keeps the value of the
   * larger side, or that of the other where the larger has none: a write that the smaller side
   * acknowledged may be lost, and a removal may be undone. The default.
   */
  AVAILABLE,

  /**
   * Only a side that holds all owners of an entry serves it, as the others might write it too. Half
   * of the members or less are no such side once one is missing, so of two members neither goes on
   * alone: nothing can tell a death from a cut. Operations that are refused fail with a {@link
   * org.memogrid.cache.CacheException}, and no write that was acknowledged is lost by the merge.
   *
   * <p>Members that are lost one after another, each after the others have copied anew, are taken
   * for dead ones. A cut that severs five members from one another bit by bit, over many seconds,
   * may so leave a small side at work.
   */
  CONSISTENT
}
