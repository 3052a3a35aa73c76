/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The policy between the public cache and the store: encoding, expiry, compare-and-set, statistics.
 */
@NullMarked
@CheckReturnValue
package org.memogrid.internal.cache;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
