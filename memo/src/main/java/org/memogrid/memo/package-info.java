/* SPDX-License-Identifier: Apache-2.0 */
/** A function that remembers, cluster-wide, one run per key. */
@NullMarked
package org.memogrid.memo;

import org.jspecify.annotations.NullMarked;
