/* SPDX-License-Identifier: Apache-2.0 */
/** Typed messages between members. */
@NullMarked
@CheckReturnValue
package org.memogrid.internal.wire;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
