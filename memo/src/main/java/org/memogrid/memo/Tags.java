/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How tags are written on entries: the user's, and those for what a result was computed from. */
final class Tags {
  private Tags() {}

  static String ofUser(String tag) {
    return "t:" + tag;
  }

  /** Of results that were made of any of the keys', or of any of the memo's if they are null. */
  static Set<String> ofDependants(MemoNode memo, @Nullable Collection<Object> keys) {
    List<String> named =
        keys == null ? null : keys.stream().map(key -> fingerprint(memo, key)).toList();
    return Dependencies.sought(memo.id().store(), named);
  }

  /** Equal for equal keys; that others may share it costs a run, no more. */
  static String fingerprint(MemoNode memo, Object key) {
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
