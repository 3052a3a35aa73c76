/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheOptions.WhenFull;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;

/**
 * Cache options as bytes: format, mode, time to live, max idle, max entries, when full, owners,
 * async. Durations in seconds and nanoseconds, 0 for none. The weigher never crosses the wire: it
 * is LOCAL.
 */
final class OptionsFormat {
  private static final byte FORMAT = 1;
  private static final int SIZE = 1 + 1 + 12 + 12 + 8 + 1 + 4 + 1;

  private OptionsFormat() {}

  static byte[] write(CacheOptions options) {
    ByteBuffer out = ByteBuffer.allocate(SIZE);
    out.put(FORMAT).put((byte) options.mode().ordinal());
    Expiry expiry = options.expiry();
    write(out, expiry.timeToLive());
    write(out, expiry.maxIdle());
    out.putLong(options.maxEntries()).put((byte) options.whenFull().ordinal());
    return out.putInt(options.owners()).put((byte) (options.isAsync() ? 1 : 0)).array();
  }

  private static void write(ByteBuffer out, @Nullable Duration duration) {
    out.putLong(duration == null ? 0 : duration.getSeconds());
    out.putInt(duration == null ? 0 : duration.getNano());
  }

  static CacheOptions read(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    byte format = in.get();
    if (format != FORMAT) {
      throw new IllegalStateException(
          "cache options of format "
              + format
              + " arrived, which this version does not know: run one version on all members");
    }
    CacheOptions options = CacheOptions.of(Mode.values()[in.get()]);
    Duration timeToLive = readDuration(in);
    Duration maxIdle = readDuration(in);
    long maxEntries = in.getLong();
    options = timeToLive.isZero() ? options : options.timeToLive(timeToLive);
    options = maxIdle.isZero() ? options : options.maxIdle(maxIdle);
    options = maxEntries == 0 ? options : options.maxEntries(maxEntries);
    options = options.whenFull(WhenFull.values()[in.get()]);
    int owners = in.getInt();
    options = options.mode() == Mode.DISTRIBUTED ? options.owners(owners) : options;
    return in.get() == 0 ? options : options.async();
  }

  private static Duration readDuration(ByteBuffer in) {
    return Duration.ofSeconds(in.getLong(), in.getInt());
  }
}
