/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;

/**
 * Does once what nodes do and ends, so that its JVM can note the classes for a {@link NodeArchive}.
 */
final class NodeTraining {
  private NodeTraining() {}

  /** Whether this class is in one of them, as it must be where none but jars are. */
  static boolean isIn(List<String> jars) {
    CodeSource source = NodeTraining.class.getProtectionDomain().getCodeSource();
    return source != null && jars.contains(Path.of(source.getLocation().getPath()).toString());
  }

  /**
   * Trains.
   *
   * @param args folders of further classes, which are not noted; then a main class and its
   *     arguments, or nothing for a cluster with a cache in each mode
   */
  public static void main(String[] args) throws Exception {
    if (args.length > 1) {
      List<URL> folders = new ArrayList<>();
      for (String folder : args[0].split(File.pathSeparator, -1)) {
        folders.add(Path.of(folder).toUri().toURL());
      }
      ClassLoader loader = new URLClassLoader(folders.toArray(URL[]::new));
      Thread.currentThread().setContextClassLoader(loader);
      Class.forName(args[1], true, loader)
          .getMethod("main", String[].class)
          .invoke(null, (Object) Arrays.copyOfRange(args, 2, args.length));
    } else {
      useCaches();
    }
    System.exit(0);
  }

  /** Two nodes, since one that is alone never joins, asks or is told anything. */
  private static void useCaches() {
    try (TestCluster cluster = TestCluster.of(2)) {
      for (Mode mode : Mode.values()) {
        for (Cluster node : cluster.nodes()) {
          Cache<String, String> cache = node.cache("c-" + mode, mode);
          for (int key = 0; key < 20; key++) {
            cache.put("k" + key, "v");
            cache.putIfAbsent("k" + key, "w");
            cache.update("k" + key, old -> old + "x");
            var unused = cache.get("k" + key);
          }
          var unusedAll = cache.getAll(List.of("k0", "k1"));
          cache.remove("k0");
        }
      }
    }
  }
}
