/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Results in the order in which they came, of which any can be taken out at once. Not thread-safe.
 */
final class Chain {
  /** Before the first and behind the last. */
  private final Link ends = new Link(null);

  /** The place of one result. */
  static final class Link {
    private final @Nullable Kept result;
    private Link before = this;
    private Link after = this;

    private Link(@Nullable Kept result) {
      this.result = result;
    }
  }

  /** Puts it last; {@link #remove} takes it out of the place that this returns. */
  Link add(Kept result) {
    Link link = new Link(result);
    Link last = ends.before;
    link.before = last;
    link.after = ends;
    last.after = link;
    ends.before = link;
    return link;
  }

  /** Once for each that was added. */
  static void remove(Link link) {
    link.before.after = link.after;
    link.after.before = link.before;
    link.before = link;
    link.after = link;
  }

  /** null if there is none. */
  @Nullable Kept first() {
    return ends.after.result;
  }

  boolean isEmpty() {
    return ends.after == ends;
  }

  void forEach(Consumer<Kept> visitor) {
    for (Link link = ends.after; link != ends; link = link.after) {
      Kept result = link.result;
      if (result != null) {
        visitor.accept(result);
      }
    }
  }
}
