/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What members that share a cache have still to write to where it is kept, and who writes it when
 * one of them is lost: the pure part.
 */
@NullMarked
@CheckReturnValue
package org.memogrid.internal.behind;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
