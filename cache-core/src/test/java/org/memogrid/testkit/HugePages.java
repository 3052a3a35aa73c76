/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The heap of a node in pages of 2 MB where the system has them for who asks. A node that starts
 * touches its whole young generation once: six thousand small pages, or twelve.
 */
final class HugePages {
  private static final Path LINUX = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

  private HugePages() {}

  /** What a JVM is told; nothing where it would refuse or complain. */
  static List<String> options() {
    try {
      boolean forWhoAsks = Files.isReadable(LINUX) && Files.readString(LINUX).contains("[madvise]");
      return forWhoAsks ? List.of("-XX:+UseTransparentHugePages") : List.of();
    } catch (IOException e) {
      return List.of();
    }
  }
}
