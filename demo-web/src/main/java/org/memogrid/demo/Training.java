/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.List;
import java.util.Timer;
import java.util.TimerTask;

/**
 * Two nodes in one JVM that do once what nodes do and end, so that it can note the classes for
 * others ({@code -XX:ArchiveClassesAtExit}): two, since one that is alone never joins, asks or is
 * told anything. They have ports and a cluster of their own.
 */
final class Training {
  private static final long LONGEST_MILLIS = 120_000;
  private static final List<String> PATHS =
      List.of("/", "/count", "/example/?t=0", "/example/?t=0", "/reverse?text=ham", "/dashboard");

  private Training() {}

  /** Starts a node; answers the port that it serves on. */
  interface Node {
    int start(DemoOptions options) throws Exception;
  }

  static void run(Node node) throws Exception {
    new Timer("training takes too long", true)
        .schedule(
            new TimerTask() {
              @Override
              public void run() {
                Runtime.getRuntime().halt(1);
              }
            },
            LONGEST_MILLIS);
    String cluster = "demo-training-" + ProcessHandle.current().pid();
    for (String name : List.of("one", "two")) {
      int port =
          node.start(
              DemoOptions.parse(
                  List.of("--port", "0", "--cluster-name", cluster, "--node-name", name)));
      for (String path : PATHS) {
        get(port, path);
      }
    }
    System.exit(0); // as a signal does: through the hooks
  }

  private static void get(int port, String path) throws IOException {
    var connection =
        (HttpURLConnection) URI.create("http://127.0.0.1:" + port + path).toURL().openConnection();
    try (InputStream body = connection.getInputStream()) {
      body.readAllBytes();
    } finally {
      connection.disconnect();
    }
  }
}
