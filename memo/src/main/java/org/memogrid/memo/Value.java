/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

/**
 * A result on its way.
 *
 * @param payload opaque to the core
 * @param timeToLive in milliseconds, 0 for ever
 * @param maxIdle in milliseconds, 0 for ever
 */
record Value(Object payload, long timeToLive, long maxIdle) {}
