/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import org.memogrid.cache.Mode;

/** What tells memos apart in a cluster. */
record MemoId(String name, String version, Mode mode) {
  /** What names of stores begin with that are no user's caches. */
  static final String RESERVED = "org.memogrid.";

  /** The store that its results live in: of no other memo, whatever is in its name or version. */
  String store() {
    String plain = RESERVED + "memo." + name.replace("%", "%25").replace("/", "%2F");
    return version.isEmpty() ? plain : plain + "/" + version;
  }

  @Override
  public String toString() {
    return "memo '" + name + "'" + (version.isEmpty() ? "" : " version '" + version + "'");
  }
}
