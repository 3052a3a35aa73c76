/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.nio.channels.ClosedByInterruptException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Why a call gets no value.
 *
 * @param thrown what to throw on the member where it happened; null elsewhere
 * @param kind what to throw elsewhere
 * @param text what, where, and what to do
 * @param dependencies tags of what the run that failed had read, if anybody wants to know
 */
record Failure(@Nullable Throwable thrown, Kind kind, String text, Set<String> dependencies) {
  /** So many are looked at: causes may go round in a circle. */
  private static final int CAUSES = 20;

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

  Failure(@Nullable Throwable thrown, Kind kind, String text) {
    this(thrown, kind, text, Set.of());
  }

  /** Of a run that has read this. */
  Failure after(@Nullable Dependencies read) {
    return read == null ? this : new Failure(thrown, kind, text, read.tags());
  }

  static Failure of(Throwable thrown, String where) {
    Kind kind = thrown instanceof MemoCycleException ? Kind.CYCLE : Kind.RUN;
    return new Failure(thrown, kind, where + ": " + text(thrown));
  }

  /** Whether it comes of its thread's interrupt. */
  boolean isInterrupt() {
    int depth = 0;
    for (Throwable cause = thrown; cause != null && depth++ < CAUSES; cause = cause.getCause()) {
      if (cause instanceof InterruptedException || cause instanceof ClosedByInterruptException) {
        return true;
      }
    }
    return false;
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
