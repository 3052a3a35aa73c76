/* SPDX-License-Identifier: Apache-2.0 */
/** The JSR's own tests, in every mode, and what they need around them. */
@NullMarked
package org.memogrid.jcache.tck;

import org.jspecify.annotations.NullMarked;
