/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.commons.configuration.BuiltBy;
import org.infinispan.commons.configuration.ConfigurationFor;
import org.infinispan.commons.configuration.attributes.AttributeSet;
import org.infinispan.configuration.cache.AsyncStoreConfiguration;
import org.infinispan.persistence.sifs.configuration.DataConfiguration;
import org.infinispan.persistence.sifs.configuration.IndexConfiguration;
import org.infinispan.persistence.sifs.configuration.SoftIndexFileStoreConfiguration;

/** Has the engine make a {@link CheckedStore}; read by the engine, hence public. */
@BuiltBy(CheckedStoreConfigurationBuilder.class)
@ConfigurationFor(CheckedStore.class)
public final class CheckedStoreConfiguration extends SoftIndexFileStoreConfiguration {
  CheckedStoreConfiguration(
      AttributeSet attributes,
      AsyncStoreConfiguration async,
      IndexConfiguration index,
      DataConfiguration data) {
    super(attributes, async, index, data);
  }
}
