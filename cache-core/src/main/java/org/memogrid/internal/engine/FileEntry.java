/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import org.infinispan.commons.io.ByteBuffer;
import org.infinispan.metadata.Metadata;
import org.infinispan.metadata.impl.PrivateMetadata;
import org.infinispan.persistence.spi.MarshallableEntry;
import org.infinispan.persistence.spi.MarshalledValue;

/**
 * An entry for the file store, whose key is written as {@link FileKeys} does: the engine's own
 * entries would write and read it in the engine's wrapping.
 */
record FileEntry<K, V>(K key, ByteBuffer keyBytes, MarshallableEntry<K, V> rest)
    implements MarshallableEntry<K, V> {
  @Override
  public K getKey() {
    return key;
  }

  @Override
  public ByteBuffer getKeyBytes() {
    return keyBytes;
  }

  @Override
  public ByteBuffer getValueBytes() {
    return rest.getValueBytes();
  }

  @Override
  public ByteBuffer getMetadataBytes() {
    return rest.getMetadataBytes();
  }

  @Override
  public ByteBuffer getInternalMetadataBytes() {
    return rest.getInternalMetadataBytes();
  }

  @Override
  public V getValue() {
    return rest.getValue();
  }

  @Override
  public Metadata getMetadata() {
    return rest.getMetadata();
  }

  @Override
  public PrivateMetadata getInternalMetadata() {
    return rest.getInternalMetadata();
  }

  @Override
  public long created() {
    return rest.created();
  }

  @Override
  public long lastUsed() {
    return rest.lastUsed();
  }

  @Override
  public boolean isExpired(long now) {
    return rest.isExpired(now);
  }

  @Override
  public long expiryTime() {
    return rest.expiryTime();
  }

  @Override
  public MarshalledValue getMarshalledValue() {
    return rest.getMarshalledValue();
  }
}
