/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.util.HexFormat;
import java.util.zip.CRC32;
import org.memogrid.cache.CacheOptions;

/**
 * One life of a shared cache, from its opening to its end. The engine knows each by a name of its
 * own, so that nothing that is late, a message, a configuration or a member that joins, can take
 * the cache that has the name now for the one that had it before.
 *
 * <p>Two sides that meet, each of which began the same life with the same options, have the same
 * name for it: the engine merges what they have, and nobody's handle ends.
 *
 * @param id the number of the life and, below it, a checksum of the options
 */
public record Incarnation(String cache, long id) {
  private static final char MARK = '#';
  private static final int MARKED = 1 + 2 * Long.BYTES;

  /** The engine's names are bytes whose number is a byte. */
  static final int LONGEST_NAME = 255 - MARKED;

  /** The first life of that name. */
  static Incarnation first(String cache, CacheOptions options) {
    return numbered(cache, 0, options);
  }

  /** The life after this. */
  Incarnation next(CacheOptions options) {
    return numbered(cache, (int) (id >>> Integer.SIZE) + 1, options);
  }

  private static Incarnation numbered(String cache, int number, CacheOptions options) {
    CRC32 sum = new CRC32();
    sum.update(OptionsFormat.write(options));
    return new Incarnation(cache, ((long) number << Integer.SIZE) | sum.getValue());
  }

  /** What the engine calls the cache. */
  String engineName() {
    return cache + MARK + HexFormat.of().toHexDigits(id);
  }

  /** The name of the cache that a clustered engine calls so; the same if it is the engine's own. */
  public static String cacheName(String engineName) {
    int end = engineName.length() - MARKED;
    return end > 0
            && engineName.charAt(end) == MARK
            && engineName.chars().skip(end + 1L).allMatch(HexFormat::isHexDigit)
        ? engineName.substring(0, end)
        : engineName;
  }
}
