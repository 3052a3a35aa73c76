/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Spring's cache abstraction over the caches of a cluster: {@code @Cacheable(sync = true)} runs the
 * method once for all members.
 */
@NullMarked
package org.memogrid.spring;

import org.jspecify.annotations.NullMarked;
