/* SPDX-License-Identifier: Apache-2.0 */
/** What modules that bring other cache APIs to the cluster share; not for programs. */
@NullMarked
package org.memogrid.memo.internal;

import org.jspecify.annotations.NullMarked;
