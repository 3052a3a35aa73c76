/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Locking;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;

/**
 * Cache options as bytes: format, mode, time to live, max idle, max entries, when full, owners,
 * async, near cache's max entries and max age, locking, whether it is recoverable, where it
 * persists: the directory of files, the data source's name and the table, or the name of a loader
 * and a writer and how long they are waited for; of those two how many keys may wait to be written
 * behind, and how many are written at once, 0 if writers wait. Enums by name, "" for none;
 * durations in seconds and nanoseconds, 0 for none. The weigher never crosses the wire, nor does a
 * URL or an object that leads to a database: they are LOCAL.
 */
final class OptionsFormat {
  private static final byte FORMAT = 9;

  private static final byte NOWHERE = 0;
  private static final byte FILES = 1;
  private static final byte TABLE = 2;
  private static final byte PROGRAM = 3;

  private OptionsFormat() {}

  static byte[] write(CacheOptions options) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      Expiry expiry = options.expiry();
      out.writeByte(FORMAT);
      out.writeUTF(options.mode().name());
      write(out, expiry.timeToLive());
      write(out, expiry.maxIdle());
      out.writeLong(options.maxEntries());
      out.writeUTF(options.whenFull().name());
      out.writeInt(options.owners());
      out.writeBoolean(options.isAsync());
      out.writeLong(options.nearCacheMaxEntries());
      write(out, options.nearCacheMaxAge());
      Locking locking = options.locking();
      out.writeUTF(locking == null ? "" : locking.name());
      out.writeBoolean(options.isRecoverable());
      write(out, options.persist());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, @Nullable Duration duration) throws IOException {
    out.writeLong(duration == null ? 0 : duration.getSeconds());
    out.writeInt(duration == null ? 0 : duration.getNano());
  }

  private static void write(DataOutputStream out, @Nullable Persist persist) throws IOException {
    if (persist == null) {
      out.writeByte(NOWHERE);
    } else if (persist.directory() != null) {
      out.writeByte(FILES);
      out.writeUTF(persist.directory().toString());
    } else if (persist.loaderName() != null) {
      out.writeByte(PROGRAM);
      out.writeUTF(persist.loaderName());
      write(out, persist.waitTimeout());
      writeBehind(out, persist);
    } else {
      out.writeByte(TABLE);
      out.writeUTF(requireNonNull(persist.source(), "source"));
      out.writeUTF(requireNonNull(persist.table(), "table"));
      writeBehind(out, persist);
    }
  }

  private static void writeBehind(DataOutputStream out, Persist persist) throws IOException {
    out.writeInt(persist.queueSize());
    out.writeInt(persist.batch());
  }

  static CacheOptions read(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      byte format = in.readByte();
      if (format != FORMAT) {
        throw new IllegalStateException(
            "cache options of format "
                + format
                + " arrived, which this version does not know: run one version on all members");
      }
      return read(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static CacheOptions read(DataInputStream in) throws IOException {
    CacheOptions options = CacheOptions.of(Mode.valueOf(in.readUTF()));
    Duration timeToLive = readDuration(in);
    Duration maxIdle = readDuration(in);
    long maxEntries = in.readLong();
    options = timeToLive.isZero() ? options : options.timeToLive(timeToLive);
    options = maxIdle.isZero() ? options : options.maxIdle(maxIdle);
    options = maxEntries == 0 ? options : options.maxEntries(maxEntries);
    options = options.whenFull(WhenFull.valueOf(in.readUTF()));
    int owners = in.readInt();
    options = options.mode() == Mode.DISTRIBUTED ? options.owners(owners) : options;
    options = in.readBoolean() ? options.async() : options;
    long copies = in.readLong();
    Duration maxAge = readDuration(in);
    options = copies == 0 ? options : options.nearCache(copies, maxAge);
    String locking = in.readUTF();
    options = locking.isEmpty() ? options : options.transactional(Locking.valueOf(locking));
    options = in.readBoolean() ? options.recoverable() : options;
    Persist persist = readPersist(in);
    return persist == null ? options : options.persist(persist);
  }

  private static @Nullable Persist readPersist(DataInputStream in) throws IOException {
    byte place = in.readByte();
    return switch (place) {
      case NOWHERE -> null;
      case FILES -> Persist.file(Path.of(in.readUTF()));
      case TABLE -> readBehind(in, Persist.jdbc(in.readUTF(), in.readUTF()));
      case PROGRAM -> readProgram(in);
      default -> throw new IOException("options that persist in the unknown place " + place);
    };
  }

  private static Persist readProgram(DataInputStream in) throws IOException {
    Persist named = Persist.with(in.readUTF());
    Duration waitTimeout = readDuration(in);
    return readBehind(in, waitTimeout.isZero() ? named : named.waitTimeout(waitTimeout));
  }

  private static Persist readBehind(DataInputStream in, Persist persist) throws IOException {
    int queueSize = in.readInt();
    int batch = in.readInt();
    return queueSize == 0 ? persist : persist.writeBehind(queueSize, batch);
  }

  private static Duration readDuration(DataInputStream in) throws IOException {
    return Duration.ofSeconds(in.readLong(), in.readInt());
  }
}
