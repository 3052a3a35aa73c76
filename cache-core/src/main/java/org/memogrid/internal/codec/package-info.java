/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The default codec: records and plain classes without annotations, on an allow list. Why it stands
 * on Kryo is told in {@code docs/adr/0001-codec.md}; nothing outside this package sees Kryo.
 */
@NullMarked
@CheckReturnValue
package org.memogrid.internal.codec;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
