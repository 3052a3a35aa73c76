/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Has a main class do once what nodes do and ends, so that its JVM can note the classes for a
 * {@link NodeArchive}. Needs no other class.
 */
final class NodeTraining {
  private NodeTraining() {}

  /**
   * Trains.
   *
   * @param args jars and folders of further classes, which are not noted; then the main class
   */
  public static void main(String[] args) throws Exception {
    List<URL> further = new ArrayList<>();
    for (String entry : args[0].split(File.pathSeparator, -1)) {
      further.add(Path.of(entry).toUri().toURL());
    }
    ClassLoader loader = new URLClassLoader(further.toArray(URL[]::new));
    Thread.currentThread().setContextClassLoader(loader);
    Class.forName(args[1], true, loader)
        .getMethod("main", String[].class)
        .invoke(null, (Object) new String[0]);
    System.exit(0);
  }
}
