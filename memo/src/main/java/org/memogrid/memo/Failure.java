/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import org.jspecify.annotations.Nullable;

/**
 * Why a call gets no value.
 *
 * @param thrown what to throw on the member where it happened; null elsewhere
 * @param kind what to throw elsewhere
 * @param text what, where, and what to do
 */
record Failure(@Nullable Throwable thrown, Kind kind, String text) {
  /** The kinds of failure. */
  enum Kind {
    /** The function threw. */
    RUN,
    /** A run that waits for itself. */
    CYCLE,
    /** The home could not answer. */
    HOME,
    /** The memo, or the cluster, was closed. */
    CLOSED,
    /** It took too long. */
    TIMEOUT
  }

  static Failure of(Throwable thrown, String where) {
    return new Failure(thrown, Kind.RUN, where + ": " + text(thrown));
  }

  /** Also of one whose own text fails: somebody waits for it. */
  private static String text(Throwable thrown) {
    try {
      return thrown.toString();
    } catch (RuntimeException | Error e) {
      return thrown.getClass().getName();
    }
  }

  /** What the caller throws. */
  Throwable toThrow() {
    if (thrown != null) {
      return thrown;
    }
    return switch (kind) {
      case RUN, HOME -> new MemoException(text);
      case CYCLE -> new MemoCycleException(text);
      case CLOSED -> new IllegalStateException(text);
      case TIMEOUT -> new MemoTimeoutException(text);
    };
  }

  /** Throws what may be checked, for a method that has to declare nothing. */
  static RuntimeException sneaky(Throwable thrown) {
    throw Failure.<RuntimeException>unchecked(thrown);
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <E extends Throwable> E unchecked(Throwable thrown) throws E {
    throw (E) thrown;
  }
}
