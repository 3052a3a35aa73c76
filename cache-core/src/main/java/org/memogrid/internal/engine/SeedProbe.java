/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Knocks at the seeds of a member that found nobody, to say what is wrong with each. */
final class SeedProbe {
  private static final Duration PATIENCE = Duration.ofMillis(500);

  private SeedProbe() {}

  /** {@code host:port} as a socket address; unresolved if the name is unknown. */
  static InetSocketAddress place(String seed) {
    int colon = seed.lastIndexOf(':');
    String host = seed.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    return new InetSocketAddress(host, Integer.parseInt(seed.substring(colon + 1)));
  }

  /** True if a seed is a member on this machine with that port. */
  static boolean isAmong(Discovery.Seeds seeds, int ownPort) {
    return seeds.places().stream()
        .map(SeedProbe::place)
        .anyMatch(place -> place.getPort() == ownPort && isHere(place.getAddress()));
  }

  /** What each seed answers to a knock. */
  static String findings(List<String> seeds) {
    return seeds.stream()
        .map(seed -> seed + " " + knock(place(seed)))
        .collect(Collectors.joining(", "));
  }

  private static boolean isHere(@Nullable InetAddress address) {
    try {
      return address != null && NetworkInterface.getByInetAddress(address) != null;
    } catch (IOException e) {
      return false;
    }
  }

  private static String knock(InetSocketAddress place) {
    if (place.isUnresolved()) {
      return "(unknown host)";
    }
    try (Socket socket = new Socket()) {
      socket.connect(place, Math.toIntExact(PATIENCE.toMillis()));
      return "(there, but no member of this cluster)";
    } catch (SocketTimeoutException e) {
      return "(no answer)";
    } catch (ConnectException e) {
      return "(nobody listens)";
    } catch (IOException e) {
      return "(" + e.getMessage() + ")";
    }
  }
}
