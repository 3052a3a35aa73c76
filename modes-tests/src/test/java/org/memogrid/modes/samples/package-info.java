/* SPDX-License-Identifier: Apache-2.0 */
/** Classes of a user that the tests' clusters allow. */
@NullMarked
package org.memogrid.modes.samples;

import org.jspecify.annotations.NullMarked;
