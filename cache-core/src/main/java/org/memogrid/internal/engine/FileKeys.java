/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.infinispan.commons.dataconversion.MediaType;
import org.infinispan.commons.io.ByteBuffer;
import org.infinispan.commons.io.ByteBufferImpl;
import org.infinispan.commons.marshall.AbstractMarshaller;
import org.infinispan.commons.marshall.Marshaller;
import org.infinispan.marshall.persistence.PersistenceMarshaller;
import org.infinispan.metadata.Metadata;
import org.infinispan.metadata.impl.PrivateMetadata;
import org.infinispan.persistence.spi.InitializationContext;
import org.infinispan.persistence.spi.MarshallableEntry;
import org.infinispan.persistence.spi.MarshallableEntryFactory;
import org.infinispan.persistence.spi.MarshalledValue;
import org.infinispan.persistence.spi.PersistenceException;
import org.infinispan.persistence.support.DelegatingInitializationContext;
import org.infinispan.protostream.SerializationContextInitializer;
import org.jspecify.annotations.Nullable;

/**
 * Has the engine's file store write keys as {@link EntryMarshaller} does, without the engine's
 * wrapping around it.
 *
 * <p>Why: the wrapping begins with the key's length, and what we write with its hash. In the
 * store's index keys of one length would stand side by side, and where one length ends and the next
 * begins is a node whose keys do not begin alike: there it loses its way (docs/adr/0044). By their
 * hashes they lie evenly, and begin alike nowhere.
 */
final class FileKeys extends DelegatingInitializationContext {
  private final InitializationContext context;
  private final Unwrapped marshaller;

  FileKeys(InitializationContext context) {
    this.context = context;
    this.marshaller = new Unwrapped(context.getPersistenceMarshaller());
  }

  @Override
  public InitializationContext delegate() {
    return context;
  }

  @Override
  public PersistenceMarshaller getPersistenceMarshaller() {
    return marshaller;
  }

  @Override
  public <K, V> MarshallableEntryFactory<K, V> getMarshallableEntryFactory() {
    return new Entries<>(context.getMarshallableEntryFactory());
  }

  /** A key as it is in the files. */
  ByteBuffer write(Object key) {
    try {
      return marshaller.objectToBuffer(key);
    } catch (IOException e) {
      throw new PersistenceException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PersistenceException(e);
    }
  }

  private Object read(ByteBuffer key) {
    try {
      return marshaller.objectFromByteBuffer(key.getBuf(), key.getOffset(), key.getLength());
    } catch (IOException | ClassNotFoundException e) {
      throw new PersistenceException(e);
    }
  }

  /** Entries that the file store makes of what it reads. */
  private final class Entries<K, V> implements MarshallableEntryFactory<K, V> {
    private final MarshallableEntryFactory<K, V> engine;

    Entries(MarshallableEntryFactory<K, V> engine) {
      this.engine = engine;
    }

    @Override
    public MarshallableEntry<K, V> create(ByteBuffer key, ByteBuffer value) {
      ByteBuffer none = null;
      return create(key, value, none, none, -1, -1);
    }

    @Override
    public MarshallableEntry<K, V> create(
        ByteBuffer key,
        ByteBuffer value,
        @Nullable ByteBuffer metadata,
        @Nullable ByteBuffer internal,
        long created,
        long lastUsed) {
      return engine.create(read(key), value, metadata, internal, created, lastUsed);
    }

    @Override
    public MarshallableEntry<K, V> create(
        Object key,
        ByteBuffer value,
        ByteBuffer metadata,
        ByteBuffer internal,
        long created,
        long lastUsed) {
      return engine.create(key, value, metadata, internal, created, lastUsed);
    }

    @Override
    public MarshallableEntry<K, V> create(Object key) {
      return engine.create(key);
    }

    @Override
    public MarshallableEntry<K, V> create(Object key, Object value) {
      return engine.create(key, value);
    }

    @Override
    public MarshallableEntry<K, V> create(
        Object key,
        Object value,
        Metadata metadata,
        PrivateMetadata internal,
        long created,
        long lastUsed) {
      return engine.create(key, value, metadata, internal, created, lastUsed);
    }

    @Override
    public MarshallableEntry<K, V> create(Object key, MarshalledValue value) {
      return engine.create(key, value);
    }

    @Override
    public MarshallableEntry<K, V> cloneWithExpiration(
        MarshallableEntry<K, V> entry, long created, long lifespan) {
      return engine.cloneWithExpiration(entry, created, lifespan);
    }

    @Override
    public MarshallableEntry<K, V> getEmpty() {
      return engine.getEmpty();
    }
  }

  /** All that the file store marshals itself is a key. */
  private static final class Unwrapped extends AbstractMarshaller implements PersistenceMarshaller {
    private final PersistenceMarshaller wrapping;
    private final Marshaller keys;

    Unwrapped(PersistenceMarshaller wrapping) {
      this.wrapping = wrapping;
      this.keys = wrapping.getUserMarshaller();
    }

    @Override
    protected ByteBuffer objectToBuffer(Object key, int estimatedSize)
        throws IOException, InterruptedException {
      return ByteBufferImpl.create(keys.objectToByteBuffer(key, estimatedSize));
    }

    @Override
    public Object objectFromByteBuffer(byte[] buffer, int offset, int length)
        throws IOException, ClassNotFoundException {
      return keys.objectFromByteBuffer(buffer, offset, length);
    }

    @Override
    public boolean isMarshallable(Object object) {
      return wrapping.isMarshallable(object);
    }

    @Override
    public MediaType mediaType() {
      return wrapping.mediaType();
    }

    @Override
    public void register(SerializationContextInitializer initializer) {
      wrapping.register(initializer);
    }

    @Override
    public Marshaller getUserMarshaller() {
      return keys;
    }

    @Override
    public void writeObject(Object object, OutputStream out) throws IOException {
      wrapping.writeObject(object, out);
    }

    @Override
    public Object readObject(InputStream in) throws ClassNotFoundException, IOException {
      return wrapping.readObject(in);
    }

    @Override
    public int sizeEstimate(Object object) {
      return wrapping.sizeEstimate(object);
    }
  }
}
