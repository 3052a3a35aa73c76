/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.concurrent.ThreadLocalRandom;
import org.infinispan.container.versioning.IncrementableEntryVersion;
import org.infinispan.container.versioning.SimpleClusteredVersion;
import org.infinispan.container.versioning.VersionGenerator;

/**
 * Versions that never come again. The engine's own begin anew with each entry, and are compared for
 * equality alone:
 *
 * <ol>
 *   <li>A reads an entry, its version is 1.
 *   <li>B removes the entry; C makes one of the same key, its version is 1.
 *   <li>A writes what it made of B's value: the version is the one it read.
 * </ol>
 */
final class UniqueVersions implements VersionGenerator {
  private static final SimpleClusteredVersion NOTHING = new SimpleClusteredVersion(0, 0);

  @Override
  public IncrementableEntryVersion generateNew() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    return new SimpleClusteredVersion(random.nextInt(1, Integer.MAX_VALUE), random.nextLong());
  }

  @Override
  public IncrementableEntryVersion increment(IncrementableEntryVersion before) {
    return generateNew();
  }

  @Override
  public IncrementableEntryVersion nonExistingVersion() {
    return NOTHING;
  }
}
