/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The contract of all modes, by node count and failure; the rules of the house; the kit's tests.
 */
@NullMarked
package org.memogrid.modes;

import org.jspecify.annotations.NullMarked;
