/* SPDX-License-Identifier: Apache-2.0 */
/**
 * JSR-107 over the caches of a cluster: a caching provider that {@code
 * Caching.getCachingProvider()} finds, and its configuration.
 */
@NullMarked
package org.memogrid.jcache;

import org.jspecify.annotations.NullMarked;
