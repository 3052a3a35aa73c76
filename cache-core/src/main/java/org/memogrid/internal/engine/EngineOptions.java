/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.time.InstantSource;
import org.memogrid.cluster.Codec;
import org.memogrid.cluster.Partitions;

/**
 * What the engine needs to know to join a cluster; checked by the builder that made it.
 *
 * @param portRange how many ports from {@code port} on are tried
 * @param clock what entries expire by
 * @param resources what this member gave a name
 */
public record EngineOptions(
    String cluster,
    String node,
    String bind,
    int port,
    int portRange,
    Discovery discovery,
    Partitions partitions,
    Expected expected,
    Timing timing,
    InstantSource clock,
    Codec codec,
    Resources resources) {
  /** The last port that is tried. */
  public int lastPort() {
    return port + portRange - 1;
  }
}
