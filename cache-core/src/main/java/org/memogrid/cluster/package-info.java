/* SPDX-License-Identifier: Apache-2.0 */
/** Who is in the cluster: joining it, its members, and the caches and messages that live on it. */
@NullMarked
@CheckReturnValue
package org.memogrid.cluster;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
