/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.configuration.cache.PersistenceConfigurationBuilder;
import org.infinispan.persistence.sifs.configuration.SoftIndexFileStoreConfiguration;
import org.infinispan.persistence.sifs.configuration.SoftIndexFileStoreConfigurationBuilder;

/** Builds a {@link CheckedStoreConfiguration}; made by the engine, hence public. */
public final class CheckedStoreConfigurationBuilder extends SoftIndexFileStoreConfigurationBuilder {
  public CheckedStoreConfigurationBuilder(PersistenceConfigurationBuilder builder) {
    super(builder);
  }

  @Override
  public SoftIndexFileStoreConfiguration create() {
    return new CheckedStoreConfiguration(
        attributes.protect(), async.create(), index.create(), data.create());
  }

  @Override
  public CheckedStoreConfigurationBuilder self() {
    return this;
  }
}
