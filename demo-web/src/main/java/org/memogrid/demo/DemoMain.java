/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.io.IOException;
import java.util.List;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.memogrid.memo.Memo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One node of the demo: joins the cluster, then serves HTTP until it is stopped. */
public final class DemoMain {
  private DemoMain() {}

  public static void main(String[] args) throws Exception {
    List<String> line = List.of(args);
    if (line.contains("--help")) {
      System.out.print(DemoOptions.USAGE);
      return;
    }
    try {
      run(DemoOptions.parse(line));
    } catch (DemoOptions.UsageException e) {
      System.err.println("demo: " + e.getMessage() + "\n\n" + DemoOptions.USAGE);
      System.exit(2);
    } catch (IOException | IllegalArgumentException | IllegalStateException e) {
      System.err.println("demo: " + e.getMessage());
      System.exit(1);
    }
  }

  private static void run(DemoOptions options) throws Exception {
    // The engine logs where the demo does, so that one file says what is shown.
    System.setProperty("org.jboss.logging.provider", "slf4j");
    Logger log = LoggerFactory.getLogger(DemoMain.class);

    // The port comes first: a port in use ends the node before the cluster sees it.
    DemoServer server = new DemoServer(options.port());
    Cluster cluster = join(options);
    log.info(
        "{} (pid {}) joined {}: {}",
        options.nodeName(),
        ProcessHandle.current().pid(),
        options.clusterName(),
        names(cluster.membership()));
    var unused = cluster.onMembership((before, now) -> log.info("members: {}", names(now)));

    Memo<Integer, Integer> sleepy =
        Memo.builder("sleepy", new SlowIncrement(options.nodeName()))
            .mode(Mode.REPLICATED)
            .build(cluster);
    Runtime.getRuntime().addShutdownHook(new Thread(server::close, "stop HTTP"));
    server.serve(new Routes(sleepy, cluster::membership));
    log.info("serving http://localhost:{}/", server.port());
  }

  private static Cluster join(DemoOptions options) {
    var builder =
        Cluster.builder()
            .name(options.clusterName())
            .nodeName(options.nodeName())
            .port(options.clusterPort());
    if (!options.seeds().isEmpty()) {
      builder.seeds(options.seeds().toArray(String[]::new));
    }
    return builder.join();
  }

  private static List<String> names(Membership membership) {
    return membership.members().stream().map(Member::name).toList();
  }
}
