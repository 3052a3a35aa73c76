/* SPDX-License-Identifier: Apache-2.0 */
@NullMarked
package org.memogrid.jcache;

import org.jspecify.annotations.NullMarked;
