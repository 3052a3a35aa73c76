/* SPDX-License-Identifier: Apache-2.0 */
/** What a member offers the feature modules beside its caches, and how they attach to it. */
@NullMarked
@CheckReturnValue
package org.memogrid.internal.node;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
