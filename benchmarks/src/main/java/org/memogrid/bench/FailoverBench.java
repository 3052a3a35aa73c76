/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.memo.Memo;

/**
 * How long a caller waits when the member that computes for it is killed: three processes, of which
 * one runs the function of a memo and another waits for its result; from the kill of the first to
 * the answer of the second, which computes in its place. In turns with Hazelcast's lock of a map's
 * key, under which three others do the same. The times are those of the machine's monotonic clock,
 * which all JVMs on it share.
 */
final class FailoverBench {
  private static final int MEMBERS = 3;
  private static final int PORT = 7640; // and some after it
  private static final int PATIENCE_SECONDS = 120;
  private static final String MEMO = "memo DISTRIBUTED";
  private static final String LOCK = "Hazelcast lock, get, put";

  private FailoverBench() {}

  /** Measures, as {@code bin/bench failover}. */
  static List<Row> run(boolean quick) {
    int kills = quick ? 4 : 40;
    List<Long> ours = new ArrayList<>();
    List<Long> theirs = new ArrayList<>();
    try (Trio memogrid = new Trio(MEMO);
        Trio hazelcast = new Trio(LOCK)) {
      for (int round = 0; round < kills; round++) {
        ours.add(memogrid.kill(round));
        theirs.add(hazelcast.kill(round));
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("the benchmark of failovers failed", e);
    }
    List<Row> rows = new ArrayList<>();
    for (int percent : new int[] {50, 99}) {
      String what = "kill -9 to the waiting caller's answer, p" + percent + " of " + kills;
      double peer = at(theirs, percent);
      rows.add(new Row(what, MEMO, "", 1, at(ours, percent), "ms", at(ours, percent) / peer, LOCK));
      rows.add(new Row(what, LOCK, "", 1, peer, "ms", 1, LOCK));
    }
    return rows;
  }

  private static double at(List<Long> nanos, int percent) {
    long[] sorted = nanos.stream().mapToLong(Long::longValue).toArray();
    Arrays.sort(sorted);
    return sorted[Math.min(sorted.length - 1, sorted.length * percent / 100)] / 1e6;
  }

  // ---- the driver's side

  /** Three processes of one system; one that is killed is replaced at once. */
  private static final class Trio implements AutoCloseable {
    private final String system;
    private final BlockingQueue<Long> answers = new LinkedBlockingQueue<>();
    private final List<Child> peers = new ArrayList<>();
    private int started;

    Trio(String system) throws IOException, InterruptedException {
      this.system = system;
      for (int i = 0; i < MEMBERS; i++) {
        add();
      }
    }

    private void add() throws IOException, InterruptedException {
      peers.add(
          new Child(
              words -> answers.add(Long.parseLong(words[1])),
              FailoverBench.class,
              system,
              "n" + started++));
      for (Child peer : peers) {
        String unused = peer.ask("members", peers.size());
      }
    }

    /** Nanoseconds from the kill of who computes to the answer of who waits. */
    long kill(int key) throws IOException, InterruptedException {
      Child victim = peers.remove(key % MEMBERS);
      String unused = victim.ask("compute", key);
      unused = peers.get(key % peers.size()).ask("wait", key);
      Thread.sleep(300); // so that it waits indeed
      long at = System.nanoTime();
      victim.close();
      Long answered = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (answered == null) {
        throw new IllegalStateException(system + ": who waited for key " + key + " waits still");
      }
      add();
      return answered - at;
    }

    @Override
    public void close() {
      peers.forEach(Child::close);
    }
  }

  // ---- the other processes

  /** A member of a trio: {@code SYSTEM NAME}. */
  public static void main(String[] args) throws Exception {
    Peer peer = args[0].equals(MEMO) ? new OfMemo(args[1]) : new OfLock();
    Child.serve(
        words -> {
          int number = Integer.parseInt(words[1]);
          switch (words[0]) {
            case "members" -> {
              while (peer.members() != number) {
                Thread.sleep(10);
              }
            }
            case "compute" -> {
              CountDownLatch computes = new CountDownLatch(1);
              run(() -> peer.computeForEver(number, computes));
              computes.await();
            }
            case "wait" ->
                run(
                    () -> {
                      peer.call(number);
                      Child.tell("answered", System.nanoTime());
                    });
            default -> throw new IllegalArgumentException(words[0]);
          }
          return 0;
        });
  }

  private static void run(Runnable task) {
    Thread thread = new Thread(task, "caller");
    thread.setDaemon(true);
    thread.start();
  }

  private static void sleepForEver() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private interface Peer {
    int members();

    /** Computes the key's value until it is killed. */
    void computeForEver(int key, CountDownLatch computes);

    /** Returns when the value is there, computed here if by nobody else. */
    void call(int key);
  }

  private static final class OfMemo implements Peer {
    private final Cluster cluster;
    private final Memo<Integer, Integer> memo;
    private volatile CountDownLatch computes = new CountDownLatch(0);

    OfMemo(String name) {
      cluster =
          Cluster.builder()
              .name("failover-bench")
              .nodeName(name)
              .bind("127.0.0.1")
              .port(PORT)
              .join();
      memo = Memo.builder("slow", this::compute).mode(Mode.DISTRIBUTED).build(cluster);
    }

    private Integer compute(Integer key) {
      if (computes.getCount() > 0) {
        computes.countDown();
        sleepForEver();
      }
      return key;
    }

    @Override
    public int members() {
      return cluster.membership().members().size();
    }

    @Override
    public void computeForEver(int key, CountDownLatch latch) {
      computes = latch;
      Integer unused = memo.apply(key);
    }

    @Override
    public void call(int key) {
      Integer unused = memo.apply(key);
    }
  }

  private static final class OfLock implements Peer {
    private final HazelcastInstance hazelcast =
        Hazelcast.newHazelcastInstance(
            HazelcastMembers.config("failover-bench", PORT + 20, 2 * MEMBERS));
    private final IMap<Integer, Integer> map = hazelcast.getMap("slow");

    @Override
    public int members() {
      return HazelcastMembers.together(hazelcast);
    }

    @Override
    public void computeForEver(int key, CountDownLatch computes) {
      map.lock(key);
      computes.countDown();
      sleepForEver();
    }

    @Override
    public void call(int key) {
      map.lock(key);
      try {
        if (map.get(key) == null) {
          map.set(key, key);
        }
      } finally {
        map.unlock(key);
      }
    }
  }
}
