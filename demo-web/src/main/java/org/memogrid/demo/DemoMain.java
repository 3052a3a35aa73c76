/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One node of the demo: joins the cluster, then serves HTTP until it is stopped. */
public final class DemoMain {
  private DemoMain() {}

  public static void main(String[] args) throws Exception {
    List<String> line = List.of(args);
    if (line.contains("--help")) {
      System.out.print(DemoOptions.usage());
      return;
    }
    try {
      if (!line.isEmpty() && line.get(0).equals("--haproxy-config")) {
        System.out.print(HaproxyConfig.parse(line.subList(1, line.size())).text());
        return;
      }
      if (line.equals(List.of("--train"))) {
        Training.run(DemoMain::run);
        return;
      }
      DemoOptions options = DemoOptions.parse(line);
      if (options.app() == DemoOptions.App.COUNTER) {
        count(options);
      } else {
        run(options);
      }
    } catch (DemoOptions.UsageException e) {
      System.err.println("demo: " + e.getMessage() + "\n\n" + DemoOptions.usage());
      System.exit(2);
    } catch (IOException | IllegalArgumentException | IllegalStateException e) {
      System.err.println("demo: " + e.getMessage());
      System.exit(1);
    }
  }

  private static Logger log() {
    // The engine logs where the demo does, so that one file says what is shown.
    System.setProperty("org.jboss.logging.provider", "slf4j");
    return LoggerFactory.getLogger(DemoMain.class);
  }

  /** The first demo of the library's model: no HTTP, two lines of log. */
  private static void count(DemoOptions options) {
    Logger log = log();
    Cluster cluster = join(options);
    CounterApp app = new CounterApp(cluster);
    Runnable stop =
        () -> {
          app.close();
          cluster.close();
        };
    Runtime.getRuntime().addShutdownHook(new Thread(stop, "stop"));
    log.info(
        "{} (pid {}) joined {}: {}",
        options.nodeName(),
        ProcessHandle.current().pid(),
        options.clusterName(),
        names(cluster.membership()));
  }

  private static int run(DemoOptions options) throws Exception {
    Logger log = log();

    // HTTP comes first: a port in use ends the node before the cluster sees it, and who asks for
    // its health meanwhile is told that it joins.
    Health health = new Health();
    DemoServer server = new DemoServer(options.port(), health);
    log.info("answering http://localhost:{}/health", server.port());
    Cluster cluster = join(options);
    log.info(
        "{} (pid {}) joined {}: {}",
        options.nodeName(),
        ProcessHandle.current().pid(),
        options.clusterName(),
        names(cluster.membership()));
    var unused = cluster.onMembership((before, now) -> log.info("members: {}", names(now)));

    DemoApp app = new DemoApp(cluster);
    Cache<?, ?> sessions = cluster.cache("http-sessions", Mode.DISTRIBUTED);
    Dashboard dashboard = new Dashboard(new Snapshot(cluster, app, sessions));
    server.serve(cluster, app, dashboard, new Metrics(cluster, app, sessions));
    Runnable stop =
        () -> {
          drain(health, options.drain());
          dashboard.close();
          server.close();
          app.close();
          cluster.close();
        };
    Runtime.getRuntime().addShutdownHook(new Thread(stop, "stop"));
    health.up(cluster::membership);
    log.info("serving http://localhost:{}/, {}", server.port(), Footprint.now());
    return server.port();
  }

  /** Time for a balancer to see that this node wants no more, while it still serves. */
  private static void drain(Health health, Duration time) {
    health.drain();
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Cluster join(DemoOptions options) {
    var builder =
        Cluster.builder()
            .name(options.clusterName())
            .nodeName(options.nodeName())
            .port(options.clusterPort())
            .closeOnExit(false); // requests that are under way need it
    if (!options.seeds().isEmpty()) {
      builder.seeds(options.seeds().toArray(String[]::new));
    }
    return builder.join();
  }

  private static List<String> names(Membership membership) {
    return membership.members().stream().map(Member::name).toList();
  }
}
