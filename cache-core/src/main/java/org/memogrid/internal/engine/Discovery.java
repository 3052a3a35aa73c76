/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.nio.file.Path;
import java.util.List;

/** How a member finds the others. */
public sealed interface Discovery {
  /** Members on the same machine, by trying every port of the range. No multicast. */
  record SameMachine() implements Discovery {
    @Override
    public String toString() {
      return "the same machine";
    }
  }

  /** Members at known places, each {@code host:port}. */
  record Seeds(List<String> places) implements Discovery {
    public Seeds {
      places = List.copyOf(places);
    }

    @Override
    public String toString() {
      return "seeds " + String.join(", ", places);
    }
  }

  /** Members that answer a multicast on the local network. */
  record Multicast() implements Discovery {
    @Override
    public String toString() {
      return "multicast";
    }
  }

  /** Members whose addresses a DNS name resolves to. */
  record Dns(String service) implements Discovery {
    @Override
    public String toString() {
      return "dns " + service;
    }
  }

  /** Whatever the protocols of a JGroups file find. */
  record StackFile(Path file) implements Discovery {
    @Override
    public String toString() {
      return "stack " + file;
    }
  }
}
