/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import org.jspecify.annotations.Nullable;

/**
 * An entry as a home found it in the store.
 *
 * @param handle what a conditional write compares; opaque to the core
 * @param value null for a tombstone
 * @param epoch how often all keys had been invalidated before it was written
 * @param fence rises with every tombstone of the key; a value has that of the tombstone before it
 */
record Stored(Object handle, @Nullable Value value, long epoch, long fence) {}
