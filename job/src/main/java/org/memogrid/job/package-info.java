/* SPDX-License-Identifier: Apache-2.0 */
/** Functions that run by a schedule, once in the cluster for each of its instants. */
@NullMarked
@CheckReturnValue
package org.memogrid.job;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
