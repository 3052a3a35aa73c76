/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Infinispan, JGroups and Caffeine behind {@link org.memogrid.internal.store.Store} and {@link
 * org.memogrid.internal.wire.Wire}. Nothing else imports them.
 */
@NullMarked
@CheckReturnValue
package org.memogrid.internal.engine;

import com.google.errorprone.annotations.CheckReturnValue;
import org.jspecify.annotations.NullMarked;
