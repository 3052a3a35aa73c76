/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import java.lang.ref.Cleaner;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.stream.Stream;
import javax.cache.Cache;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/**
 * All entries of a cache, each a read of its own. Weakly consistent, as the store's entries are.
 *
 * <p>Who leaves a loop half-way tells nobody, and the members that send the entries would keep the
 * place of the walk until this one leaves. So what they send is refused at the latest when the walk
 * itself is garbage.
 */
final class Walk<K, V> implements Iterator<Cache.Entry<K, V>> {
  private static final Cleaner ABANDONED = Cleaner.create();

  private final GridCache<K, V> cache;
  private final Cleaner.Cleanable end;
  private final Iterator<Map.Entry<Object, Envelope>> entries;
  private @Nullable K last;

  Walk(GridCache<K, V> cache) {
    this(cache, cache.parts().store().entries());
  }

  /** The stream must not lead back to the walk. */
  Walk(GridCache<K, V> cache, Stream<Map.Entry<Object, Envelope>> all) {
    this.cache = cache;
    this.end = ABANDONED.register(this, all::close);
    this.entries = all.filter(each -> !each.getValue().isTombstone()).iterator();
  }

  @Override
  public boolean hasNext() {
    boolean more = entries.hasNext();
    if (!more) {
      end.clean();
    }
    return more;
  }

  @Override
  @SuppressWarnings("unchecked") // what the users of the cache put
  public Cache.Entry<K, V> next() {
    cache.requireOpen();
    if (!hasNext()) {
      throw new NoSuchElementException("all entries of '" + cache.getName() + "' were met");
    }
    Parts<K, V> parts = cache.parts();
    Map.Entry<Object, Envelope> entry = entries.next();
    K key = parts.values().key((K) entry.getKey());
    long begun = parts.statistics().begin();
    V value = parts.entries().open(entry.getValue());
    Complaints complaints = new Complaints();
    parts.entries().use(key, entry.getValue(), complaints);
    parts.statistics().gets(1, 0, begun);
    last = key;
    complaints.rethrow();
    return new Pair<>(key, value);
  }

  @Override
  public void remove() {
    K key = last;
    if (key == null) {
      throw new IllegalStateException("next() was not called, or its entry is removed already");
    }
    last = null;
    var unused = cache.remove(key);
  }
}
