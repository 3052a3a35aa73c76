/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.configuration.cache.HashConfiguration;
import org.infinispan.distribution.ch.KeyPartitioner;

/**
 * Places a key by the hash that is the same in every JVM. Made by the engine, by its name, hence
 * public.
 */
public final class StablePlacement implements KeyPartitioner {
  private int segments = 1;

  @Override
  public void init(HashConfiguration configuration) {
    segments = configuration.numSegments();
  }

  @Override
  public void init(KeyPartitioner other) {
    if (other instanceof StablePlacement placement) {
      segments = placement.segments;
    }
  }

  @Override
  public int getSegment(Object key) {
    return of(key.hashCode(), segments);
  }

  /** One of {@code segments} equal ranges of all hashes. */
  static int of(int hash, int segments) {
    int spread = hash * 0x9E3779B9; // the high bits choose: any bit of the hash is to reach them
    return (int) (((spread & 0xFFFFFFFFL) * segments) >>> 32);
  }
}
