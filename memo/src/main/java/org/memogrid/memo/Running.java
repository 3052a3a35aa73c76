/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The runs that a thread is in, the innermost first. */
record Running(MemoNode memo, Object key, Token token, @Nullable Running outer) {
  private static final ThreadLocal<@Nullable Running> CURRENT = new ThreadLocal<>();

  static void enter(MemoNode memo, Object key, Token token) {
    CURRENT.set(new Running(memo, key, token, CURRENT.get()));
  }

  static void exit() {
    Running now = CURRENT.get();
    if (now == null || now.outer == null) {
      CURRENT.remove();
    } else {
      CURRENT.set(now.outer);
    }
  }

  /** The tokens of the memo's runs that this thread is in. */
  static List<Token> tokensOf(MemoNode memo) {
    Running running = CURRENT.get();
    if (running == null) {
      return List.of();
    }
    List<Token> tokens = new ArrayList<>();
    for (; running != null; running = running.outer) {
      if (running.memo == memo) {
        tokens.add(running.token);
      }
    }
    return tokens;
  }

  /** Null, or how this thread came to ask for the key while it runs it. */
  static @Nullable String cycle(MemoNode memo, Object key) {
    StringBuilder chain = new StringBuilder(memo.id() + " of " + key);
    for (Running running = CURRENT.get(); running != null; running = running.outer) {
      chain.insert(0, running.memo.id() + " of " + running.key + " -> ");
      if (running.memo == memo && running.key.equals(key)) {
        return chain.toString();
      }
    }
    return null;
  }
}
