/* SPDX-License-Identifier: Apache-2.0 */
/** One running instance in the cluster, moved when its member leaves. */
@NullMarked
@CheckReturnValue
package org.memogrid.daemon;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
