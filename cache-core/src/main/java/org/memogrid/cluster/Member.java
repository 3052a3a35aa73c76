/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

/**
 * One process in a cluster.
 *
 * @param name the node name, unique in the cluster while the member is in it
 * @param id unique for ever: a process that leaves and joins again has another
 */
public record Member(String name, String id) {
  @Override
  public String toString() {
    return name;
  }
}
