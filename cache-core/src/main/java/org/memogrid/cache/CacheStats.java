/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cache;

/**
 * What happened to a cache on this member since it was opened here. Counts are taken on the member
 * that called the operation, except evictions and expirations, which are counted where the entry
 * lived. Each count is exact; the counts of one snapshot are not taken at one instant.
 */
public record CacheStats(
    long hits, long misses, long puts, long removals, long evictions, long expirations) {}
