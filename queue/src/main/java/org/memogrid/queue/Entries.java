/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Entries by their place in the queue. Places are dense, so they lie in pages: one reference per
 * message, no boxing, and a page without messages is dropped. Not thread-safe.
 */
final class Entries {
  private static final int PAGE_BITS = 10;
  private static final int PAGE = 1 << PAGE_BITS;

  private final TreeMap<Long, Page> pages = new TreeMap<>();
  private @Nullable Page last;

  private static final class Page {
    final long number;
    final @Nullable Entry[] slots = new @Nullable Entry[PAGE];
    int used;

    Page(long number) {
      this.number = number;
    }
  }

  @Nullable Entry get(long seq) {
    Page page = page(seq >> PAGE_BITS);
    return page == null ? null : page.slots[slot(seq)];
  }

  /** Puts it in its place and returns what was there. */
  @Nullable Entry put(Entry entry) {
    long number = entry.seq >> PAGE_BITS;
    Page page = page(number);
    if (page == null) {
      page = new Page(number);
      pages.put(number, page);
      last = page;
    }
    Entry before = page.slots[slot(entry.seq)];
    page.slots[slot(entry.seq)] = entry;
    if (before == null) {
      page.used++;
    }
    return before;
  }

  void remove(long seq) {
    Page page = page(seq >> PAGE_BITS);
    if (page == null || page.slots[slot(seq)] == null) {
      return;
    }
    page.slots[slot(seq)] = null;
    if (--page.used == 0) {
      pages.remove(page.number);
      last = null;
    }
  }

  /** The entries behind {@code cursor}, in order, until {@code budget} bytes are full. */
  List<Entry> after(long cursor, int budget) {
    List<Entry> found = new ArrayList<>();
    int left = budget;
    long next = cursor + 1;
    var at = pages.ceilingEntry(next >> PAGE_BITS);
    while (at != null) {
      Page page = at.getValue();
      int from = page.number == next >> PAGE_BITS ? slot(next) : 0;
      for (int i = from; i < PAGE; i++) {
        Entry entry = page.slots[i];
        if (entry != null) {
          found.add(entry);
          left -= entry.size();
          if (left <= 0) {
            return found;
          }
        }
      }
      at = pages.higherEntry(page.number);
    }
    return found;
  }

  /** Visits all, in order. What is visited may be removed. */
  void forEach(Consumer<Entry> visitor) {
    for (Page page : List.copyOf(pages.values())) {
      for (Entry entry : page.slots) {
        if (entry != null) {
          visitor.accept(entry);
        }
      }
    }
  }

  /** The first in order that is one of those. */
  @Nullable Entry first(Predicate<Entry> which) {
    for (Page page : pages.values()) {
      for (Entry entry : page.slots) {
        if (entry != null && which.test(entry)) {
          return entry;
        }
      }
    }
    return null;
  }

  private @Nullable Page page(long number) {
    Page recent = last;
    if (recent != null && recent.number == number) {
      return recent;
    }
    Page found = pages.get(number);
    if (found != null) {
      last = found;
    }
    return found;
  }

  private static int slot(long seq) {
    return (int) (seq & (PAGE - 1));
  }
}
