/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Names that one member holds at a time: who, by a directory on the oldest member; how long, by the
 * holder's own clock. For the modules that run things; not for users. docs/adr/0008 has the
 * reasons.
 */
@NullMarked
@CheckReturnValue
package org.memogrid.internal.lease;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
