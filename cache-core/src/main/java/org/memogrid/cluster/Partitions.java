/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

/** What members do when they can't see each other. */
public enum Partitions {
  /** Every side goes on; values converge after the merge. The default. */
  AVAILABLE,
  /** Only a side that holds all owners of an entry serves it; others refuse. */
  CONSISTENT
}
