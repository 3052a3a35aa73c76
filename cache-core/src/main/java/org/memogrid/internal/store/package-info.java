/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The seam between the cache's policy and the engines: entries in envelopes, conditional writes,
 * where a key lives.
 */
@NullMarked
@CheckReturnValue
package org.memogrid.internal.store;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
