/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.infinispan.commons.tx.XidImpl;
import org.infinispan.container.entries.CacheEntry;
import org.infinispan.transaction.impl.LocalTransaction;
import org.memogrid.cluster.Member;
import org.memogrid.internal.store.Envelope;

/**
 * What a transaction has prepared of one cache: enough to commit it without the member that
 * prepared it, and without the owners of the entries.
 *
 * @param branch which it is
 * @param origin the member that prepared it
 * @param at when, by that member's clock
 * @param writes what it writes; empty for what it removes
 * @param touched the keys that nobody else may write meanwhile: those it writes, and those it read
 */
record Prepared(
    Branch branch,
    Member origin,
    long at,
    Map<ClusterKey, Optional<Envelope>> writes,
    Set<ClusterKey> touched) {
  private static final byte FORMAT = 1;
  private static final byte READ = 0;
  private static final byte REMOVED = 1;
  private static final byte WRITTEN = 2;

  /**
   * One cache of one transaction.
   *
   * @param cache the engine's name of it
   */
  record Branch(XidImpl xid, String cache) {
    /** The transaction's part of {@link #toString}. */
    String id() {
      HexFormat hex = HexFormat.of();
      return xid.getFormatId()
          + ":"
          + hex.formatHex(xid.getGlobalTransactionId())
          + ":"
          + hex.formatHex(xid.getBranchQualifier());
    }

    @Override
    public String toString() {
      return id() + "@" + cache;
    }
  }

  @SuppressWarnings("rawtypes") // the engine's signature
  static Prepared of(Branch branch, Member origin, long at, LocalTransaction transaction) {
    Map<ClusterKey, Optional<Envelope>> writes = new HashMap<>();
    for (Map.Entry<Object, CacheEntry> each : transaction.getLookedUpEntries().entrySet()) {
      CacheEntry<?, ?> entry = each.getValue();
      if (entry.isChanged()) {
        writes.put(
            (ClusterKey) each.getKey(),
            entry.isRemoved() ? Optional.empty() : Optional.of((Envelope) entry.getValue()));
      }
    }
    Set<ClusterKey> touched = touchedBy(transaction);
    touched.addAll(writes.keySet());
    return new Prepared(branch, origin, at, writes, touched);
  }

  /** The keys that a transaction has locked, or will have once it is prepared. */
  static Set<ClusterKey> touchedBy(LocalTransaction transaction) {
    Set<ClusterKey> touched = new HashSet<>();
    transaction.getAffectedKeys().forEach(key -> touched.add((ClusterKey) key));
    transaction.getLockedKeys().forEach(key -> touched.add((ClusterKey) key));
    return touched;
  }

  byte[] write(EntryMarshaller marshaller) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(FORMAT);
      out.writeInt(branch.xid.getFormatId());
      write(out, branch.xid.getGlobalTransactionId());
      write(out, branch.xid.getBranchQualifier());
      out.writeUTF(branch.cache);
      out.writeUTF(origin.name());
      out.writeUTF(origin.id());
      out.writeLong(at);
      out.writeInt(touched.size());
      for (ClusterKey key : touched) {
        write(out, marshaller.objectToByteBuffer(key));
        Optional<Envelope> written = writes.get(key);
        if (written == null) {
          out.writeByte(READ);
        } else if (written.isEmpty()) {
          out.writeByte(REMOVED);
        } else {
          out.writeByte(WRITTEN);
          write(out, marshaller.objectToByteBuffer(written.get()));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  static Prepared read(byte[] bytes, EntryMarshaller marshaller) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      byte format = in.readByte();
      if (format != FORMAT) {
        throw new IllegalStateException(
            "a prepared transaction of format "
                + format
                + " arrived, which this version does not know: run one version on all members");
      }
      XidImpl xid = XidImpl.create(in.readInt(), readBytes(in), readBytes(in));
      Branch branch = new Branch(xid, in.readUTF());
      Member origin = new Member(in.readUTF(), in.readUTF());
      long at = in.readLong();
      Map<ClusterKey, Optional<Envelope>> writes = new HashMap<>();
      Set<ClusterKey> touched = new HashSet<>();
      for (int left = in.readInt(); left > 0; left--) {
        ClusterKey key = (ClusterKey) object(in, marshaller);
        touched.add(key);
        byte kind = in.readByte();
        if (kind == REMOVED) {
          writes.put(key, Optional.empty());
        } else if (kind == WRITTEN) {
          writes.put(key, Optional.of((Envelope) object(in, marshaller)));
        }
      }
      return new Prepared(branch, origin, at, writes, touched);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Object object(DataInputStream in, EntryMarshaller marshaller) throws IOException {
    byte[] bytes = readBytes(in);
    return requireNonNull(marshaller.objectFromByteBuffer(bytes, 0, bytes.length));
  }

  private static byte[] readBytes(DataInputStream in) throws IOException {
    return in.readNBytes(in.readInt());
  }
}
