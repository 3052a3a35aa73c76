/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A deterministic cluster: virtual time, a seeded network, views that members learn of one after
 * the other, a store that repeats its writes. Protocol cores run in it as they are; each brings its
 * workload and its checker.
 */
@NullMarked
package org.memogrid.testkit.sim;

import org.jspecify.annotations.NullMarked;
