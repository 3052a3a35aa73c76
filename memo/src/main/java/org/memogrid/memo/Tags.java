/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How tags are written on entries: the user's, and those for what a result was computed from. */
final class Tags {
  private Tags() {}

  static String ofUser(String tag) {
    return "t:" + tag;
  }

  /** Of results that depend on the key's, or on any of the memo's if it is null. */
  static String ofDependants(MemoNode memo, @Nullable Object key) {
    String name = "d:" + memo.id().store();
    return key == null ? name : name + "\n" + fingerprint(memo, key);
  }

  /** Notes that the run this thread is in has read the key of the memo, if that is wanted. */
  static void read(MemoNode memo, Object key) {
    Running running = Running.current();
    Set<String> dependencies = running == null ? null : running.dependencies();
    if (dependencies != null) {
      dependencies.add(ofDependants(memo, null));
      dependencies.add(ofDependants(memo, key));
    }
  }

  /** Equal for equal keys; that others may share it costs a run, no more. */
  private static String fingerprint(MemoNode memo, Object key) {
    if (memo.isLocal()) {
      return Integer.toHexString(key.hashCode());
    }
    byte[] bytes = memo.codec().encode(key);
    try {
      byte[] shortened =
          bytes.length <= 32 ? bytes : MessageDigest.getInstance("SHA-256").digest(bytes);
      return Base64.getEncoder().encodeToString(shortened);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
