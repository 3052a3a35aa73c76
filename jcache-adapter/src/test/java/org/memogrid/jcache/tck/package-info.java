/* SPDX-License-Identifier: Apache-2.0 */
/** What the JSR's own tests need around them, and the proof that they ran. */
@NullMarked
package org.memogrid.jcache.tck;

import org.jspecify.annotations.NullMarked;
