/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import org.memogrid.cache.Mode;

/** What tells memos apart in a cluster. */
record MemoId(String name, String version, Mode mode) {
  /** The store that its results live in. */
  String store() {
    return version.isEmpty() ? "memo." + name : "memo." + name + "." + version;
  }

  @Override
  public String toString() {
    return "memo '" + name + "'" + (version.isEmpty() ? "" : " version '" + version + "'");
  }
}
