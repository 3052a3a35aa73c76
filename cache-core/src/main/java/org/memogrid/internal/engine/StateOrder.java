/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * For each key, writes and the state that an old owner sent exclude each other on one member.
 * Writes never wait for writes, and for state only while it is written, which waits for nobody: so
 * no two members wait for each other. Thread-safe.
 */
final class StateOrder {
  @GuardedBy("this") private final Map<Object, Use> uses = new HashMap<>();

  /** Who is at a key: writes, or else state. */
  private static final class Use {
    final CompletableFuture<Void> end = new CompletableFuture<>();
    int writes;
  }

  /** Null if the write may begin, and is to end; else what to wait for, to ask again. */
  synchronized @Nullable CompletableFuture<Void> beginWrite(Object key) {
    Use use = uses.get(key);
    if (use != null && use.writes == 0) {
      return use.end;
    }
    if (use == null) {
      use = new Use();
      uses.put(key, use);
    }
    use.writes++;
    return null;
  }

  /** The same for state. */
  synchronized @Nullable CompletableFuture<Void> beginState(Object key) {
    Use use = uses.putIfAbsent(key, new Use());
    return use == null ? null : use.end;
  }

  void end(Object key) {
    CompletableFuture<Void> over = remove(key);
    if (over != null) {
      over.complete(null);
    }
  }

  private synchronized @Nullable CompletableFuture<Void> remove(Object key) {
    Use use = uses.get(key);
    if (use == null || --use.writes > 0) {
      return null;
    }
    uses.remove(key);
    return use.end;
  }
}
