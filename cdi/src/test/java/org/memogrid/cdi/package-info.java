/* SPDX-License-Identifier: Apache-2.0 */
@NullMarked
package org.memogrid.cdi;

import org.jspecify.annotations.NullMarked;
