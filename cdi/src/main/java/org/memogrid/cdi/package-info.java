/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Caches, memos and the annotations of JSR-107 in Jakarta CDI 4. The container finds the module by
 * itself; {@link org.memogrid.cdi.Clustered} says what is injected.
 */
@NullMarked
package org.memogrid.cdi;

import org.jspecify.annotations.NullMarked;
