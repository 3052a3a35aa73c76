/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Expiry;

/**
 * What has come of the elements of fan-outs so far: one entry per element in a cache of the
 * cluster. Thread-safe.
 *
 * <p>Each part is stored before its member looks for the others, so whoever stores the last one
 * finds all of them. Who looks begins with the last one: elements end more or less in order, so
 * that mostly one look shows that something is missing. Parts are kept a little longer than a join
 * asks for, so that members whose clocks differ by less agree on what must still be there.
 */
final class Parts {
  private static final int TOGETHER = 1_000;
  private static final Duration CLOCKS = Duration.ofMinutes(1);

  private final Cache<String, byte[]> cache;
  private final Expiry expiry;

  Parts(Cache<String, byte[]> cache, Duration time) {
    this.cache = cache;
    this.expiry = Expiry.ttl(time.plus(CLOCKS));
  }

  private static String key(String group, int index) {
    return group + "#" + index;
  }

  void store(String group, int index, byte @Nullable [] value) {
    byte[] part = new byte[value == null ? 1 : value.length + 1];
    if (value != null) {
      part[0] = 1;
      System.arraycopy(value, 0, part, 1, value.length);
    }
    cache.put(key(group, index), part, expiry);
  }

  /** All parts in order; null if one is missing. */
  @Nullable List<byte @Nullable []> all(String group, int count) {
    if (cache.get(key(group, count - 1)) == null) {
      return null;
    }
    List<byte @Nullable []> parts = new ArrayList<>();
    for (int from = 0; from < count; from += TOGETHER) {
      int to = Math.min(count, from + TOGETHER);
      Map<String, byte[]> found =
          cache.getAll(IntStream.range(from, to).mapToObj(index -> key(group, index)).toList());
      if (found.size() < to - from) {
        return null;
      }
      for (int index = from; index < to; index++) {
        byte[] part = requireNonNull(found.get(key(group, index)));
        parts.add(part[0] == 0 ? null : Arrays.copyOfRange(part, 1, part.length));
      }
    }
    return parts;
  }

  void forget(String group, int count) {
    Set<String> keys = new HashSet<>();
    for (int index = 0; index < count; index++) {
      keys.add(key(group, index));
    }
    keys.forEach(cache::remove);
  }
}
