/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

import java.util.List;

/**
 * A topology of the engine, by the ids of the members' lives.
 *
 * @param readers by segment, who has its entries, the first owner first
 * @param writers by segment, who is told of writes: the readers, and those that are getting it
 */
public record Layout(int topology, List<List<String>> readers, List<List<String>> writers) {
  public Layout {
    readers = List.copyOf(readers);
    writers = List.copyOf(writers);
  }
}
