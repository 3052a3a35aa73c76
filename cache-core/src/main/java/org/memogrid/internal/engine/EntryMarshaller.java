/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.infinispan.commons.dataconversion.MediaType;
import org.infinispan.commons.io.ByteBufferImpl;
import org.infinispan.commons.marshall.AbstractMarshaller;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.store.Envelope;

/**
 * Writes keys and envelopes for the engine, by hand, with what they hold encoded as it is: nothing
 * is encoded twice, and nothing decoded to be sent on. The engine's own objects don't come here.
 *
 * <pre>
 * key       1, hash, the encoded key
 * envelope  2, flags, version, [deadline, idle, last use], [token],
 *           [refresh at, fresh until, cost], [number of tags, tags],
 *           [number of ancestors, their versions], [value]
 * count     3
 * </pre>
 */
final class EntryMarshaller extends AbstractMarshaller {
  private static final byte KEY = 1;
  private static final byte ENVELOPE = 2;
  private static final byte COUNT = 3;

  private static final int MORTAL = 1;
  private static final int TOKEN = 2;
  private static final int TAGS = 4;
  private static final int VALUE = 8;
  private static final int ANCESTORS = 32;
  private static final int RENEWED = 16;
  private static final int FRESH = 64;
  private static final int FIRST = 128;

  private final Codec codec;
  private final Tables tables;
  private final Sources sources;
  private final SharedFiles files = new SharedFiles();
  private final Behinds behinds = new Behinds(this);

  EntryMarshaller(Codec codec) {
    this(codec, Resources.NONE);
  }

  /**
   * @param resources what the member gave a name
   */
  EntryMarshaller(Codec codec, Resources resources) {
    this.codec = codec;
    this.tables = new Tables(codec, resources.dataSources());
    this.sources = new Sources(resources.sources());
  }

  /**
   * The tables of the engine that this is for: what the engine makes finds nothing else of ours.
   */
  Tables tables() {
    return tables;
  }

  /** The same for its sources. */
  Sources sources() {
    return sources;
  }

  /** The files of caches that members share, likewise. */
  SharedFiles files() {
    return files;
  }

  /** What members write behind, likewise. */
  Behinds behinds() {
    return behinds;
  }

  @Override
  public byte[] objectToByteBuffer(Object object) {
    if (object instanceof ClusterKey key) {
      return write(key);
    }
    if (object instanceof Envelope envelope) {
      return write(envelope);
    }
    if (object instanceof LivingCount) {
      return new byte[] {COUNT};
    }
    throw new IllegalArgumentException(
        object.getClass().getName() + " is neither a key nor an entry of a cache");
  }

  @Override
  public byte[] objectToByteBuffer(Object object, int estimatedSize) {
    return objectToByteBuffer(object);
  }

  @Override
  protected org.infinispan.commons.io.ByteBuffer objectToBuffer(Object object, int estimatedSize) {
    return ByteBufferImpl.create(objectToByteBuffer(object));
  }

  /** How many bytes a key has as it is written. */
  static int lengthOf(ClusterKey key) {
    return lengthOf(key.bytes());
  }

  /**
   * The hash of a key that is written next.
   *
   * @throws IllegalArgumentException if it is none
   */
  static int hashOf(ByteBuffer in) {
    if (in.get() != KEY) {
      throw new IllegalArgumentException("no key");
    }
    return in.getInt();
  }

  private static int lengthOf(byte[] key) {
    return 5 + key.length;
  }

  private static byte[] write(ClusterKey key) {
    byte[] bytes = key.bytes();
    return ByteBuffer.allocate(lengthOf(bytes)).put(KEY).putInt(key.hashCode()).put(bytes).array();
  }

  private byte[] write(Envelope envelope) {
    byte[] value = envelope.bytes(codec);
    List<byte[]> tags = new ArrayList<>(envelope.tags().size());
    int size = 18 + (value == null ? 0 : value.length);
    int flags = value == null ? 0 : VALUE;
    if (envelope.isMortal()) {
      flags |= MORTAL;
      size += 24;
    }
    if (envelope.isRenewed()) {
      flags |= RENEWED;
    }
    if (envelope.isFirst()) {
      flags |= FIRST;
    }
    if (envelope.token() != Envelope.NO_TOKEN) {
      flags |= TOKEN;
      size += 8;
    }
    Envelope.Fresh fresh = envelope.fresh();
    if (fresh != null) {
      flags |= FRESH;
      size += 24;
    }
    if (!envelope.tags().isEmpty()) {
      flags |= TAGS;
      size += 4;
      for (String tag : envelope.tags()) {
        byte[] text = tag.getBytes(UTF_8);
        tags.add(text);
        size += 4 + text.length;
      }
    }
    List<Envelope.Version> ancestors = envelope.ancestors();
    if (!ancestors.isEmpty()) {
      flags |= ANCESTORS;
      size += 1 + 16 * ancestors.size();
    }
    ByteBuffer out = ByteBuffer.allocate(size).put(ENVELOPE).put((byte) flags);
    out.putLong(envelope.version().origin()).putLong(envelope.version().number());
    if ((flags & MORTAL) != 0) {
      out.putLong(envelope.expiresAt())
          .putLong(envelope.idleMillis())
          .putLong(envelope.touchedAt());
    }
    if ((flags & TOKEN) != 0) {
      out.putLong(envelope.token());
    }
    if (fresh != null) {
      out.putLong(fresh.refreshAt()).putLong(fresh.until()).putLong(fresh.costMillis());
    }
    if ((flags & TAGS) != 0) {
      out.putInt(tags.size());
      for (byte[] text : tags) {
        out.putInt(text.length).put(text);
      }
    }
    if (!ancestors.isEmpty()) {
      out.put((byte) ancestors.size());
      ancestors.forEach(each -> out.putLong(each.origin()).putLong(each.number()));
    }
    if (value != null) {
      out.put(value);
    }
    return out.array();
  }

  @Override
  public Object objectFromByteBuffer(byte[] buffer, int offset, int length) {
    ByteBuffer in = ByteBuffer.wrap(buffer, offset, length);
    byte kind = in.get();
    return switch (kind) {
      case KEY -> ClusterKey.arrived(in.getInt(), rest(in), codec);
      case ENVELOPE -> readEnvelope(in);
      case COUNT -> LivingCount.INSTANCE;
      default ->
          throw new IllegalArgumentException(
              "an entry of kind "
                  + kind
                  + " arrived, which this version does not know: run one version on all members");
    };
  }

  private static Envelope readEnvelope(ByteBuffer in) {
    int flags = in.get();
    Envelope.Version version = new Envelope.Version(in.getLong(), in.getLong());
    long expiresAt = Envelope.NEVER;
    long idle = 0;
    long touchedAt = 0;
    if ((flags & MORTAL) != 0) {
      expiresAt = in.getLong();
      idle = in.getLong();
      touchedAt = in.getLong();
    }
    long token = (flags & TOKEN) != 0 ? in.getLong() : Envelope.NO_TOKEN;
    Envelope.Fresh fresh =
        (flags & FRESH) != 0 ? new Envelope.Fresh(in.getLong(), in.getLong(), in.getLong()) : null;
    Set<String> tags = (flags & TAGS) != 0 ? readTags(in) : Set.of();
    List<Envelope.Version> ancestors = (flags & ANCESTORS) != 0 ? readAncestors(in) : List.of();
    Envelope envelope =
        (flags & VALUE) != 0 ? Envelope.ofBytes(version, rest(in)) : Envelope.tombstone(version);
    if ((flags & MORTAL) != 0) {
      envelope = envelope.expiring(expiresAt, idle, touchedAt);
    }
    if (token != Envelope.NO_TOKEN) {
      envelope = envelope.withToken(token);
    }
    if ((flags & RENEWED) != 0) {
      envelope = envelope.renewed();
    }
    if ((flags & FIRST) != 0) {
      envelope = envelope.first();
    }
    if (fresh != null) {
      envelope = envelope.withFresh(fresh);
    }
    if (!tags.isEmpty()) {
      envelope = envelope.withTags(tags);
    }
    return ancestors.isEmpty() ? envelope : envelope.withAncestors(ancestors);
  }

  private static List<Envelope.Version> readAncestors(ByteBuffer in) {
    int count = in.get();
    List<Envelope.Version> ancestors = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      ancestors.add(new Envelope.Version(in.getLong(), in.getLong()));
    }
    return ancestors;
  }

  private static Set<String> readTags(ByteBuffer in) {
    int count = in.getInt();
    Set<String> tags = new HashSet<>();
    for (int i = 0; i < count; i++) {
      byte[] text = new byte[in.getInt()];
      in.get(text);
      tags.add(new String(text, UTF_8));
    }
    return tags;
  }

  private static byte[] rest(ByteBuffer in) {
    byte[] bytes = new byte[in.remaining()];
    in.get(bytes);
    return bytes;
  }

  @Override
  public boolean isMarshallable(Object object) {
    return object instanceof ClusterKey
        || object instanceof Envelope
        || object instanceof LivingCount;
  }

  @Override
  public MediaType mediaType() {
    return MediaType.APPLICATION_OBJECT;
  }
}
