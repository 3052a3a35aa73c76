/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The maps that members share: a facade over four modes, with expiry, atomic operations, events and
 * statistics.
 */
@NullMarked
@CheckReturnValue
package org.memogrid.cache;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
