/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.net.BindException;

/** Says in our words why a member could not join. */
final class JoinFailure {
  private JoinFailure() {}

  static IllegalStateException of(EngineOptions options, RuntimeException failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof BindException) {
        return new IllegalStateException(who(options) + ports(options, cause), failure);
      }
    }
    return new IllegalStateException(who(options) + failure.getMessage(), failure);
  }

  /** Starts every message: who wants to go where. */
  static String who(EngineOptions options) {
    return "node '" + options.node() + "' can't join cluster '" + options.cluster() + "': ";
  }

  private static String ports(EngineOptions options, Throwable cause) {
    if (options.discovery() instanceof Discovery.StackFile stack) {
      return "no port that " + stack.file() + " allows is free (" + cause.getMessage() + ")";
    }
    return "no free port from "
        + options.port()
        + " to "
        + options.lastPort()
        + " on "
        + options.bind()
        + " ("
        + cause.getMessage()
        + "); give another with port(...) or memogrid.port, or another address with bind(...)";
  }
}
