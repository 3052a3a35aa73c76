/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import org.jspecify.annotations.Nullable;

/**
 * An entry as a home found it in the store.
 *
 * @param handle what a conditional write compares; opaque to the core
 * @param value null for a tombstone
 * @param epoch of the token that it was written with
 */
record Stored(Object handle, @Nullable Value value, long epoch) {}
