/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;

/**
 * How long a second node takes: from the start of its JVM until it counts two members, and until it
 * has put its first entry into a distributed cache. Each system beside its first node, in turns;
 * once as it is, and once with an archive of the classes that such a node loads (AppCDS), which is
 * what {@code bin/demo} does. The JVM's options are those of {@code bin/demo} too.
 */
final class StartBench {
  private static final String MEMOGRID = "Memogrid";
  private static final String INFINISPAN = "Infinispan";
  private static final String HAZELCAST = "Hazelcast";
  private static final int PORT = 7700; // and some after it
  private static final int PATIENCE_SECONDS = 120;
  private static final List<String> OPTIONS =
      List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

  private StartBench() {}

  /** Measures, as {@code bin/bench start}. */
  static List<Row> run(boolean quick) {
    int rounds = quick ? 3 : 15;
    Map<String, First> firsts = new LinkedHashMap<>();
    Map<String, List<Start>> starts = new LinkedHashMap<>();
    try {
      for (String system : List.of(MEMOGRID, INFINISPAN, HAZELCAST)) {
        firsts.put(system, new First(system));
      }
      for (int round = 0; round < rounds; round++) {
        for (Map.Entry<String, First> first : firsts.entrySet()) {
          for (boolean archive : new boolean[] {false, true}) {
            starts
                .computeIfAbsent(first.getKey() + mode(archive), s -> new ArrayList<>())
                .add(first.getValue().second(archive));
          }
        }
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("the benchmark of starts failed", e);
    } finally {
      firsts.values().forEach(First::close);
    }
    List<Row> rows = new ArrayList<>();
    for (boolean archive : new boolean[] {false, true}) {
      for (String system : firsts.keySet()) {
        rows.add(row("JVM to two members", starts, system, archive, Start::formed));
        rows.add(row("JVM to first put", starts, system, archive, Start::put));
      }
    }
    return rows;
  }

  private static String mode(boolean archive) {
    return archive ? "AppCDS" : "";
  }

  private interface Figure {
    long of(Start start);
  }

  private static Row row(
      String what, Map<String, List<Start>> starts, String system, boolean archive, Figure figure) {
    double value = median(starts, system + mode(archive), figure);
    double peer = median(starts, INFINISPAN + mode(archive), figure);
    return new Row(what, system, mode(archive), 1, value, "ms", value / peer, INFINISPAN);
  }

  private static double median(Map<String, List<Start>> starts, String key, Figure figure) {
    long[] sorted = starts.getOrDefault(key, List.of()).stream().mapToLong(figure::of).toArray();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2] / 1e6;
  }

  // ---- the driver's side

  /** Nanoseconds from the start of the JVM. */
  private record Start(long formed, long put) {}

  /** The first node of a system's cluster, and the archive for those that come after it. */
  private static final class First implements AutoCloseable {
    private final String system;
    private final Path archive;
    private final Child node;

    First(String system) throws IOException, InterruptedException {
      this.system = system;
      this.archive = Files.createTempFile("bench-" + system, ".jsa");
      Files.delete(archive); // the JVM writes none over one that is there
      this.node = new Child(words -> {}, options(), StartBench.class, system, "first");
      await(1);
      Start unused = second("-XX:ArchiveClassesAtExit=" + archive, "-Xlog:disable");
    }

    private List<String> options(String... more) {
      List<String> options = new ArrayList<>(OPTIONS);
      if (system.equals(HAZELCAST)) {
        options.addAll(Child.OPEN);
      }
      options.addAll(List.of(more));
      return options;
    }

    Start second(boolean archived) throws IOException, InterruptedException {
      return archived ? second("-XX:SharedArchiveFile=" + archive) : second();
    }

    private Start second(String... options) throws IOException, InterruptedException {
      BlockingQueue<Long> moments = new LinkedBlockingQueue<>();
      long begun = System.nanoTime();
      try (Child second =
          new Child(
              words -> moments.add(Long.parseLong(words[1])),
              options(options),
              StartBench.class,
              system,
              "second")) {
        Start start = new Start(moment(moments) - begun, moment(moments) - begun);
        second.say("leave");
        second.await();
        await(1);
        return start;
      }
    }

    private void await(int members) throws InterruptedException {
      String unused = node.ask("members", members);
    }

    private long moment(BlockingQueue<Long> moments) throws InterruptedException {
      Long moment = moments.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (moment == null) {
        throw new IllegalStateException("the second node of " + system + " did not come");
      }
      return moment;
    }

    @Override
    public void close() {
      node.close();
      try {
        boolean unused = Files.deleteIfExists(archive);
      } catch (IOException left) {
        // in the folder for what is temporary
      }
    }
  }

  // ---- the nodes

  /** A node: {@code SYSTEM first|second}. */
  public static void main(String[] args) throws Exception {
    Node node =
        switch (args[0]) {
          case MEMOGRID -> memogrid(args[1]);
          case INFINISPAN -> infinispan(args[1]);
          default -> hazelcast();
        };
    if (args[1].equals("second")) {
      node.await(2);
      Child.tell("formed", System.nanoTime());
      node.put.run();
      Child.tell("put", System.nanoTime());
    }
    Child.serve(
        words -> {
          if (words[0].equals("leave")) {
            node.leave.run();
            System.exit(0);
          }
          node.await(Integer.parseInt(words[1]));
          return 0;
        });
  }

  private interface Members {
    int count();
  }

  private record Node(Members members, Runnable put, Runnable leave) {
    void await(int count) throws InterruptedException {
      BooleanSupplier there = () -> members.count() == count;
      while (!there.getAsBoolean()) {
        Thread.sleep(5);
      }
    }
  }

  private static Node memogrid(String name) {
    Cluster cluster =
        Cluster.builder().name("start-bench").nodeName(name).bind("127.0.0.1").port(PORT).join();
    CacheOptions options = CacheOptions.of(Mode.DISTRIBUTED);
    if (name.equals("first")) {
      Cache<Integer, String> unused = cluster.cache("entries", options);
    }
    return new Node(
        () -> cluster.membership().members().size(),
        () -> cluster.<Integer, String>cache("entries", options).put(1, "one"),
        cluster::close);
  }

  private static Node infinispan(String name) {
    System.setProperty("jgroups.bind.port", String.valueOf(PORT + 20));
    EmbeddedCacheManager manager =
        new DefaultCacheManager(
            RawMembers.global("start-bench-raw", name, "bench-tcp.xml").build());
    manager.defineConfiguration("entries", RawMembers.cache("DISTRIBUTED").build());
    if (name.equals("first")) {
      var unused = manager.getCache("entries");
    }
    return new Node(
        () -> manager.getMembers().size(),
        () -> {
          var unused = manager.<Integer, String>getCache("entries").put(1, "one");
        },
        manager::stop);
  }

  private static Node hazelcast() {
    HazelcastInstance hazelcast =
        Hazelcast.newHazelcastInstance(HazelcastMembers.config("start-bench", PORT + 40, 2));
    return new Node(
        () -> hazelcast.getCluster().getMembers().size(),
        () -> hazelcast.<Integer, String>getMap("entries").set(1, "one"),
        hazelcast::shutdown);
  }
}
