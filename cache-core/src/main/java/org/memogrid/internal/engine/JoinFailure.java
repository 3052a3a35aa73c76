/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.net.BindException;

/** Says in our words why a member could not join. */
final class JoinFailure {
  private JoinFailure() {}

  static IllegalStateException of(EngineOptions options, RuntimeException failure) {
    String where = "node '" + options.node() + "' can't join cluster '" + options.cluster() + "': ";
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof BindException) {
        return new IllegalStateException(where + ports(options, cause), failure);
      }
    }
    return new IllegalStateException(where + failure.getMessage(), failure);
  }

  private static String ports(EngineOptions options, Throwable cause) {
    int last = options.port() + options.portRange() - 1;
    return "no free port from "
        + options.port()
        + " to "
        + last
        + " on "
        + options.bind()
        + " ("
        + cause.getMessage()
        + "); give another with port(...) or memogrid.port, or another address with bind(...)";
  }
}
