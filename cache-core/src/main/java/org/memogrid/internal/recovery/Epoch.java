/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

/**
 * A moment in the life of a cache: the generation, which rises each time the whole cluster comes
 * back, and the number of the engine's topology in it.
 */
public record Epoch(long generation, int topology) implements Comparable<Epoch> {
  /** Before all others. */
  static final Epoch NEVER = new Epoch(0, 0);

  @Override
  public int compareTo(Epoch other) {
    int byGeneration = Long.compare(generation, other.generation);
    return byGeneration != 0 ? byGeneration : Integer.compare(topology, other.topology);
  }
}
