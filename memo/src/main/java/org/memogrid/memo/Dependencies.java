/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What a run has read of memos, as tags of its result: of each result that it read, and of all that
 * those were made of. So a result is found by whatever it goes back to, though what lies between
 * may be gone.
 *
 * <p>For each result there are two tags: the memo's, for an invalidation of all its keys, and the
 * key's. Beyond {@link #MOST} the keys' tags give way to one for each memo that stands for any of
 * its keys: an invalidation may take more than it must, never less.
 *
 * <p>Thread-safe: the futures of a run end on any thread.
 */
final class Dependencies {
  /** So many tags of keys a result has at most. */
  static final int MOST = 256;

  private static final String PREFIX = "d:";
  private static final char KEY = '\n';

  /** No key is called so. */
  private static final String ANY = "*";

  private final Set<String> tags = ConcurrentHashMap.newKeySet();

  /** Of results that were made of the key's, or of any of the memo's if it is null. */
  static String tag(String memo, @Nullable String key) {
    return key == null ? PREFIX + memo : PREFIX + memo + KEY + key;
  }

  /** The tags to look for when these keys of the memo are invalidated; all if they are null. */
  static Set<String> sought(String memo, @Nullable Collection<String> keys) {
    if (keys == null) {
      return Set.of(tag(memo, null));
    }
    Set<String> sought = new HashSet<>();
    for (String key : keys) {
      sought.add(tag(memo, key));
    }
    if (!sought.isEmpty()) {
      sought.add(tag(memo, ANY));
    }
    return sought;
  }

  /** The run has read the key. */
  void read(String memo, String key) {
    tags.add(tag(memo, null));
    tags.add(tag(memo, key));
  }

  /**
   * The run has read a result with these tags. Returns whether that makes a difference.
   *
   * @param of other tags than those of dependencies don't matter
   */
  boolean inherit(Collection<String> of) {
    boolean more = false;
    for (String tag : of) {
      more |= tag.startsWith(PREFIX) && tags.add(tag);
    }
    return more;
  }

  /** The tags of a result, or a failure, that is made of all this. */
  Set<String> tags() {
    Set<String> all = new HashSet<>(tags);
    if (all.stream().filter(tag -> tag.indexOf(KEY) >= 0).count() <= MOST) {
      return all;
    }
    Set<String> few = new HashSet<>();
    for (String tag : all) {
      int key = tag.indexOf(KEY);
      few.add(key < 0 ? tag : tag.substring(0, key + 1) + ANY);
    }
    return few;
  }
}
