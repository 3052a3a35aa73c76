/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Who has the last word about what is on which disk, when members of a persistent cache come back:
 * the pure part.
 */
@NullMarked
@CheckReturnValue
package org.memogrid.internal.recovery;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
