/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import com.hazelcast.cache.ICache;
import com.hazelcast.config.CacheSimpleConfig;
import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;
import javax.cache.configuration.Factory;
import javax.cache.integration.CacheLoader;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.store.Topology;
import org.memogrid.memo.Memo;

/**
 * A memo beside its peers, between two JVMs, in turns: a miss with a function that costs nothing,
 * beside a TCP round trip and Hazelcast's lock, get, put, unlock; and a stampede of 64 callers on a
 * function of 200 ms, beside Hazelcast's JCache read-through and a Caffeine cache in each JVM.
 */
public final class MemoPeers {
  private static final int PORT = 7960; // and some after it
  private static final int CALLERS = 32; // in each JVM
  private static final int FUNCTION_MILLIS = 200;
  private static final int MISSES = 400; // in a round

  /** So many that both sides' code is compiled to the end: a miss passes some hundred methods. */
  private static final int WARM_ROUNDS = 25;

  private static final String TCP = "TCP round trip";
  private static final String MEMO = "memo DISTRIBUTED";
  private static final String LOCK = "Hazelcast lock, get, put";
  private static final String READ_THROUGH = "Hazelcast JCache read-through";
  private static final String CAFFEINE = "Caffeine in each JVM";
  private static final AtomicInteger RUNS = new AtomicInteger();

  private final Map<String, IntUnaryOperator> slow = new LinkedHashMap<>();
  private final ExecutorService callers = Executors.newCachedThreadPool();
  private final Cluster cluster;
  private final HazelcastInstance hazelcast;
  private final Memo<Integer, Integer> free;

  private MemoPeers(int port, String name) {
    cluster = Cluster.builder().name("memo-peers").nodeName(name).port(port).join();
    hazelcast = hazelcast(port + 60);
    free = Memo.builder("free", (Integer k) -> k).mode(Mode.DISTRIBUTED).build(cluster);
    Memo<Integer, Integer> memo =
        Memo.builder("slow", MemoPeers::sleep).mode(Mode.DISTRIBUTED).build(cluster);
    ICache<Integer, Integer> readThrough = hazelcast.getCacheManager().getCache("slow");
    LoadingCache<Integer, Integer> caffeine = Caffeine.newBuilder().build(MemoPeers::sleep);
    slow.put(MEMO, memo::apply);
    slow.put(READ_THROUGH, readThrough::get);
    slow.put(CAFFEINE, caffeine::get);
  }

  private static HazelcastInstance hazelcast(int port) {
    Config config = HazelcastMembers.config("memo-peers-" + port, port, 2);
    config.addCacheConfig(
        new CacheSimpleConfig()
            .setName("slow")
            .setReadThrough(true)
            .setCacheLoaderFactory(Loaders.class.getName()));
    return Hazelcast.newHazelcastInstance(config);
  }

  private static int sleep(int key) {
    RUNS.incrementAndGet();
    try {
      Thread.sleep(FUNCTION_MILLIS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return key + 1;
  }

  /** Makes the loader of the read-through cache, on the member that owns the key. */
  public static final class Loaders implements Factory<CacheLoader<Integer, Integer>> {
    private static final long serialVersionUID = 1L;

    /** For the cache's configuration. */
    public Loaders() {}

    @Override
    public CacheLoader<Integer, Integer> create() {
      return new CacheLoader<>() {
        @Override
        public Integer load(Integer key) {
          return sleep(key);
        }

        @Override
        public Map<Integer, Integer> loadAll(Iterable<? extends Integer> keys) {
          Map<Integer, Integer> all = new LinkedHashMap<>();
          keys.forEach(key -> all.put(key, sleep(key)));
          return all;
        }
      };
    }
  }

  /** The other process. */
  public static void main(String[] args) throws Exception {
    new MemoPeers(PORT, "answers").answer(PORT + 50);
  }

  /** Measures, as {@code bin/bench memo}. */
  static List<Row> run(boolean quick) {
    Process other = null;
    try {
      other =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Djava.net.preferIPv4Stack=true",
                  "-cp",
                  System.getProperty("java.class.path"),
                  MemoPeers.class.getName())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      BufferedReader said =
          new BufferedReader(new InputStreamReader(other.getInputStream(), StandardCharsets.UTF_8));
      if (!"ready".equals(said.readLine())) {
        throw new IllegalStateException(
            "the other process did not start: are the ports from " + PORT + " on free?");
      }
      MemoPeers peers = new MemoPeers(PORT, "asks");
      try {
        return peers.ask(PORT + 50, quick ? 4 : 12);
      } finally {
        peers.close();
      }
    } catch (Exception e) {
      throw new IllegalStateException("the memo's benchmark failed", e);
    } finally {
      if (other != null) {
        other.destroyForcibly();
      }
    }
  }

  private void close() {
    callers.shutdownNow();
    hazelcast.shutdown();
    cluster.close();
  }

  /** Echoes bytes, and has its callers ask for a key and tells the time and the runs. */
  private void answer(int port) throws Exception {
    PingPong.answer(port + 1, 1);
    try (ServerSocket server = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      System.out.println("ready");
      Socket socket = server.accept();
      socket.setTcpNoDelay(true);
      DataInputStream in = new DataInputStream(socket.getInputStream());
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      while (true) {
        IntUnaryOperator system = new ArrayList<>(slow.values()).get(in.readByte());
        int before = RUNS.get();
        out.writeLong(stampede(system, in.readInt()));
        out.writeInt(RUNS.get() - before);
      }
    }
  }

  private List<Row> ask(int port, int rounds) throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        PingPong tcp = PingPong.with(port + 1, 1)) {
      socket.setTcpNoDelay(true);
      DataInputStream in = new DataInputStream(socket.getInputStream());
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      settle();
      List<Row> rows = new ArrayList<>(misses(tcp, rounds));
      rows.addAll(stampedes(in, out, rounds));
      return rows;
    }
  }

  /** Until both members of each cluster have their share of the keys. */
  private void settle() throws InterruptedException {
    IMap<Integer, Integer> map = hazelcast.getMap("free");
    map.put(-1, -1);
    while (hazelcast.getCluster().getMembers().size() < 2
        || cluster.membership().members().size() < 2
        || !hazelcast.getPartitionService().isClusterSafe()) {
      Thread.sleep(100);
    }
    for (int key = -100; key < 0; key++) {
      map.put(key, free.apply(key));
    }
  }

  // ---- misses

  private List<Row> misses(PingPong tcp, int rounds) throws Exception {
    Topology topology =
        cluster
            .unwrap(Node.class)
            .store("org.memogrid.memo.free", CacheOptions.of(Mode.DISTRIBUTED))
            .topology();
    IMap<Integer, Integer> map = hazelcast.getMap("free");
    Map<String, List<Long>> nanos = new LinkedHashMap<>();
    int key = 0;
    for (int round = -WARM_ROUNDS; round < rounds; round++) {
      for (int i = 0; i < MISSES; i++) {
        do {
          key++;
        } while (topology.home(key).equals(cluster.self())
            || hazelcast.getPartitionService().getPartition(key).getOwner().localMember());
        int asked = key;
        boolean counts = round >= 0;
        time(nanos, counts, TCP, () -> tcp.trip()[0]);
        time(nanos, counts, MEMO, () -> free.apply(asked));
        tcp.trip(); // what the miss left to do behind its answer is not the next one's to pay
        time(nanos, counts, LOCK, () -> lockAndPut(map, asked));
      }
    }
    List<Row> rows = new ArrayList<>();
    nanos.forEach((what, all) -> rows.add(miss("miss, p50", what, all, 50, of(nanos, TCP), TCP)));
    rows.add(miss("miss, p25", MEMO, of(nanos, MEMO), 25, of(nanos, TCP), TCP));
    rows.add(miss("miss, p50", MEMO, of(nanos, MEMO), 50, of(nanos, LOCK), LOCK));
    return rows;
  }

  private static Row miss(
      String benchmark, String what, List<Long> all, int percent, List<Long> to, String ratioTo) {
    double value = at(all, percent);
    return new Row(benchmark, what, "", 1, value, "us", value / at(to, percent), ratioTo);
  }

  private static int lockAndPut(IMap<Integer, Integer> map, int key) {
    map.lock(key);
    try {
      Integer there = map.get(key);
      if (there == null) {
        map.put(key, key);
      }
      return key;
    } finally {
      map.unlock(key);
    }
  }

  private interface Timed {
    int run() throws IOException;
  }

  private static void time(Map<String, List<Long>> nanos, boolean counts, String what, Timed timed)
      throws IOException {
    long start = System.nanoTime();
    int unused = timed.run();
    long took = System.nanoTime() - start;
    List<Long> all = nanos.computeIfAbsent(what, w -> new ArrayList<>());
    if (counts) {
      all.add(took);
    }
  }

  private static <T> T of(Map<String, T> all, String name) {
    return java.util.Objects.requireNonNull(all.get(name), name);
  }

  private static double at(List<Long> nanos, int percent) {
    long[] sorted = nanos.stream().mapToLong(Long::longValue).toArray();
    Arrays.sort(sorted);
    return sorted[sorted.length * percent / 100] / 1e3;
  }

  // ---- stampedes

  private List<Row> stampedes(DataInputStream in, DataOutputStream out, int rounds)
      throws Exception {
    Map<String, List<Long>> overheads = new LinkedHashMap<>();
    Map<String, List<Integer>> runs = new LinkedHashMap<>();
    List<String> names = new ArrayList<>(slow.keySet());
    for (int round = 0; round < rounds; round++) {
      for (int system = 0; system < names.size(); system++) {
        int before = RUNS.get();
        out.writeByte(system);
        out.writeInt(round);
        long here = stampede(of(slow, names.get(system)), round);
        long there = in.readLong();
        int all = RUNS.get() - before + in.readInt();
        if (round >= 2) { // warm
          overheads
              .computeIfAbsent(names.get(system), n -> new ArrayList<>())
              .add(Math.max(here, there) - FUNCTION_MILLIS * 1_000_000L);
          runs.computeIfAbsent(names.get(system), n -> new ArrayList<>()).add(all);
        }
      }
    }
    List<Row> rows = new ArrayList<>();
    for (String name : names) {
      String most = "stampede, up to " + Collections.max(of(runs, name)) + " runs";
      List<Long> own = of(overheads, name);
      for (String peer : List.of(READ_THROUGH, CAFFEINE)) {
        double millis = at(own, 50) / 1e3;
        double ratio = at(own, 50) / at(of(overheads, peer), 50);
        rows.add(new Row(most, name, "", 2 * CALLERS, millis, "ms", ratio, peer));
      }
    }
    return rows;
  }

  /** Returns how long it took until all of this JVM's callers had the value. */
  private long stampede(IntUnaryOperator system, int key) throws Exception {
    CountDownLatch ready = new CountDownLatch(CALLERS);
    CountDownLatch go = new CountDownLatch(1);
    List<Future<Integer>> calls = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      calls.add(
          callers.submit(
              () -> {
                ready.countDown();
                go.await();
                return system.applyAsInt(key);
              }));
    }
    ready.await();
    long start = System.nanoTime();
    go.countDown();
    for (Future<Integer> call : calls) {
      if (call.get() != key + 1) {
        throw new IllegalStateException("the answer is not what the function returns");
      }
    }
    return System.nanoTime() - start;
  }
}
