/* SPDX-License-Identifier: Apache-2.0 */
/** Numbers beside named peers, in one run. */
@NullMarked
package org.memogrid.bench;

import org.jspecify.annotations.NullMarked;
