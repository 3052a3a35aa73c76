/* SPDX-License-Identifier: Apache-2.0 */
/** Two ports, one shared memo. */
@NullMarked
package org.memogrid.demo;

import org.jspecify.annotations.NullMarked;
