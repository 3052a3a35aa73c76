/* SPDX-License-Identifier: Apache-2.0 */
@NullMarked
package org.memogrid.spring;

import org.jspecify.annotations.NullMarked;
