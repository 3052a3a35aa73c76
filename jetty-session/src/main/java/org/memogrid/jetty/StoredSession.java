/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jetty;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * A session as the cluster keeps it: times in milliseconds since the epoch, and each attribute in
 * encoded form, so that a member needs no class of the application to hold or to change it.
 * Immutable by convention: neither the map nor the bytes are changed.
 *
 * @param maxInactiveMillis 0 or less: never expires
 */
record StoredSession(
    long created,
    long accessed,
    long lastAccessed,
    long cookieSet,
    long maxInactiveMillis,
    String lastNode,
    Map<String, byte[]> attributes) {
  private static final byte FORMAT = 1;

  boolean isExpiredAt(long now) {
    return maxInactiveMillis > 0 && accessed + maxInactiveMillis <= now;
  }

  /**
   * This session after a request that saw an older state of it: its changes, attribute by
   * attribute, and the later of the times.
   */
  StoredSession with(SessionChanges changes) {
    StoredSession theirs = changes.session();
    TreeMap<String, byte[]> merged = new TreeMap<>(attributes);
    changes.removed().forEach(merged::remove);
    changes.written().forEach(name -> merged.put(name, theirs.attribute(name)));
    StoredSession later = theirs.accessed >= accessed ? theirs : this;
    return new StoredSession(
        created,
        later.accessed,
        later.lastAccessed,
        Math.max(cookieSet, theirs.cookieSet),
        changes.maxInactiveChanged() ? theirs.maxInactiveMillis : maxInactiveMillis,
        later.lastNode,
        merged);
  }

  private byte[] attribute(String name) {
    byte[] bytes = attributes.get(name);
    if (bytes == null) {
      throw new IllegalStateException("a written attribute has a value: " + name);
    }
    return bytes;
  }

  byte[] toBytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(FORMAT);
      out.writeLong(created);
      out.writeLong(accessed);
      out.writeLong(lastAccessed);
      out.writeLong(cookieSet);
      out.writeLong(maxInactiveMillis);
      out.writeUTF(lastNode);
      out.writeInt(attributes.size());
      for (Map.Entry<String, byte[]> attribute : attributes.entrySet()) {
        out.writeUTF(attribute.getKey());
        out.writeInt(attribute.getValue().length);
        out.write(attribute.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a name is longer than 65535 bytes", e);
    }
    return bytes.toByteArray();
  }

  /**
   * @throws IllegalArgumentException if these are not the bytes of a session
   */
  static StoredSession of(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      byte format = in.readByte();
      if (format != FORMAT) {
        throw new IllegalArgumentException(
            "a session has format "
                + format
                + " and this member reads "
                + FORMAT
                + ": run one version of memogrid-jetty-session on all members");
      }
      return new StoredSession(
          in.readLong(),
          in.readLong(),
          in.readLong(),
          in.readLong(),
          in.readLong(),
          in.readUTF(),
          attributes(in));
    } catch (IOException e) {
      throw new IllegalArgumentException("the bytes of a session end early", e);
    }
  }

  private static Map<String, byte[]> attributes(DataInputStream in) throws IOException {
    Map<String, byte[]> attributes = new TreeMap<>();
    int count = in.readInt();
    for (int i = 0; i < count; i++) {
      String name = in.readUTF();
      int length = in.readInt();
      byte[] value = in.readNBytes(length);
      if (value.length != length) {
        throw new IOException("attribute " + name + " ends early");
      }
      attributes.put(name, value);
    }
    return attributes;
  }
}
