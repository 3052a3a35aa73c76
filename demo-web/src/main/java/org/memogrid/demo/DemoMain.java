/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheException;
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
    int status = status(() -> act(List.of(args)));
    if (status != 0) {
      System.exit(status); // also ends the threads of what has begun
    }
  }

  private static void act(List<String> line) throws Exception {
    if (line.contains("--help")) {
      System.out.print(DemoOptions.usage());
    } else if (!line.isEmpty() && line.get(0).equals("--haproxy-config")) {
      System.out.print(HaproxyConfig.parse(line.subList(1, line.size())).text());
    } else if (line.equals(List.of("--train"))) {
      Training.run(DemoMain::run);
    } else {
      DemoOptions options = DemoOptions.parse(line);
      if (options.app() == DemoOptions.App.COUNTER) {
        count(options);
      } else {
        var unused = run(options);
      }
    }
  }

  /** What can be done and may fail. */
  interface Act {
    void run() throws Exception;
  }

  /** The exit status of an act; says what went wrong. */
  static int status(Act act) {
    try {
      act.run();
      return 0;
    } catch (DemoOptions.UsageException e) {
      System.err.println("demo: " + e.getMessage() + "\n\n" + DemoOptions.usage());
      return 2;
    } catch (IOException | IllegalArgumentException | IllegalStateException | CacheException e) {
      System.err.println("demo: " + e.getMessage());
      return 1;
    } catch (Exception | Error e) { // HTTP may be up by now, and would say "joining" for ever
      System.err.println("demo: this node could not start");
      e.printStackTrace();
      return 1;
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
    Runnable stop = () -> closeAll(app, cluster);
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
    Arrivals arrivals = new Arrivals(cluster);
    log.info(
        "{} (pid {}) joined {}: {}",
        options.nodeName(),
        ProcessHandle.current().pid(),
        options.clusterName(),
        names(cluster.membership()));
    var unused = cluster.onMembership((before, now) -> log.info("members: {}", names(now)));

    Kept kept = options.data() == null ? null : new Kept(cluster, options.data());
    DemoApp app = new DemoApp(cluster, Pace.ofProperty());
    Cache<?, ?> sessions = cluster.cache("http-sessions", Mode.DISTRIBUTED);
    Survey survey = new Survey(app, sessions);
    Dashboard dashboard = new Dashboard(new Snapshot(cluster, arrivals, app, survey, sessions));
    server.serve(cluster, app, dashboard, new Metrics(cluster, app, survey, sessions));
    Runnable stop =
        () -> {
          drain(health, options.drain());
          closeAll(dashboard, server, survey, app, kept == null ? () -> {} : kept, cluster);
        };
    Runtime.getRuntime().addShutdownHook(new Thread(stop, "stop"));
    health.up(cluster::membership);
    log.info("serving http://localhost:{}/, {}", server.port(), Footprint.now());
    return server.port();
  }

  /** Closes each of them, in this order, also when one fails. */
  static void closeAll(AutoCloseable... parts) {
    for (AutoCloseable part : parts) {
      try {
        part.close();
      } catch (Exception | Error e) {
        LoggerFactory.getLogger(DemoMain.class).warn("{} did not close", part, e);
      }
    }
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
