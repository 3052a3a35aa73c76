/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

/**
 * One process in a cluster. Immutable; two are equal if both parts are.
 *
 * @param name the node name, unique in the cluster while the member is in it: of two processes with
 *     one name the later fails to join. Two that started apart and meet when a split heals keep it,
 *     and an error is logged.
 * @param id unique for ever: a process that leaves and joins again has another
 */
public record Member(String name, String id) {
  /** The name. */
  @Override
  public String toString() {
    return name;
  }
}
