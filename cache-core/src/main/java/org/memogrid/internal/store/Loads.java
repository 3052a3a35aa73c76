/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

/**
 * A cache that keeps what took long to make only if its key was left alone meanwhile. The caches of
 * a cluster and those of the JSR are {@code unwrap}ped to it.
 */
public interface Loads<K, V> {
  /** Lays {@linkplain Hold hold} of a key. To be called before the value is asked for. */
  Load<V> begin(K key);

  /** One value that is being made. For one thread. */
  interface Load<V> extends AutoCloseable {
    /** Whether nobody changed the key so far. */
    boolean stands();

    /**
     * Stores what was loaded because it was missed, if nobody changed the key, and tells whether it
     * did. In INVALIDATED the copies of other members stay.
     */
    boolean keep(V value);

    /** The same for what was made to replace what is there, on whatever member. */
    boolean replace(V value);

    /** Gives the key back, unless a value was kept. */
    @Override
    void close();
  }
}
