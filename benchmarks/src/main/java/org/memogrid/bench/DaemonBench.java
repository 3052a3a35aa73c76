/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.memogrid.cluster.Cluster;
import org.memogrid.daemon.Daemon;

/**
 * How long nobody runs a daemon when its member is killed, leaves, or stands still, in three JVMs;
 * the kill in turns with a lock of Hazelcast's map in three others. The times are those of the
 * machine's monotonic clock, which all JVMs on it share: from the signal, or from the last moment
 * of the old turn, to the first of the next. And how evenly a thousand daemons are spread.
 */
public final class DaemonBench {
  private static final int MEMBERS = 3;
  private static final int NAMES = 1_000;
  private static final int MEMOGRID_PORT = 7860;
  private static final int HAZELCAST_PORT = 7880;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String DAEMON = "daemon";
  private static final String LOCK = "Hazelcast lock";

  private DaemonBench() {}

  /** Measures, as {@code bin/bench daemon}. */
  static List<Row> run(boolean quick) {
    int kills = quick ? 3 : 40;
    int others = quick ? 1 : 10;
    try (Trio memogrid = new Trio("memogrid");
        Trio hazelcast = new Trio("hazelcast")) {
      List<Long> ours = new ArrayList<>();
      List<Long> theirs = new ArrayList<>();
      for (int round = 0; round < kills; round++) {
        ours.add(memogrid.kill());
        theirs.add(hazelcast.kill());
      }
      List<Long> left = new ArrayList<>();
      List<Long> hung = new ArrayList<>();
      for (int round = 0; round < others; round++) {
        left.add(memogrid.leave());
        hung.add(memogrid.stop());
      }
      List<Row> rows = new ArrayList<>();
      for (int percent : new int[] {50, 99}) {
        double peer = at(theirs, percent);
        String what = "kill -9 to the next, p" + percent + " of " + kills;
        rows.add(row(what, DAEMON, at(ours, percent), at(ours, percent) / peer, LOCK));
        rows.add(row(what, LOCK, peer, 1, LOCK));
      }
      rows.add(row("leave to the next, most of " + others, DAEMON, at(left, 100), 1, DAEMON));
      rows.add(row("SIGSTOP to the next, most of " + others, DAEMON, at(hung, 100), 1, DAEMON));
      List<Integer> spread = memogrid.spread();
      double even = (double) NAMES / MEMBERS;
      int most = spread.stream().mapToInt(Integer::intValue).max().orElseThrow();
      rows.add(
          new Row("1,000 names on " + MEMBERS, DAEMON, "", 1, most, "most", most / even, "even"));
      return rows;
    } catch (InterruptedException | IOException e) {
      throw new IllegalStateException("the daemons' benchmark failed", e);
    }
  }

  private static Row row(String what, String system, double millis, double ratio, String to) {
    return new Row(what, system, "", 1, millis, "ms", ratio, to);
  }

  private static double at(List<Long> nanos, int percent) {
    long[] sorted = nanos.stream().mapToLong(Long::longValue).toArray();
    Arrays.sort(sorted);
    return sorted[Math.min(sorted.length - 1, sorted.length * percent / 100)] / 1e6;
  }

  // ---- the driver's side

  /** Three processes of one system; one that is taken away is replaced at once. */
  private static final class Trio implements AutoCloseable {
    private final String system;
    private final BlockingQueue<Event> turns = new LinkedBlockingQueue<>();
    private final List<Peer> peers = new ArrayList<>();
    private Event turn;
    private int started;

    Trio(String system) throws IOException, InterruptedException {
      this.system = system;
      for (int i = 0; i < MEMBERS; i++) {
        add();
      }
      this.turn = next();
    }

    private void add() throws IOException, InterruptedException {
      Peer peer = new Peer(system, started++, turns);
      peers.add(peer);
      for (Peer each : peers) {
        String unused = each.process.ask("members", peers.size());
      }
    }

    private Event next() throws InterruptedException {
      Event event = turns.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      if (event == null) {
        throw new IllegalStateException(system + ": nobody had the turn for " + PATIENCE);
      }
      return event;
    }

    /** Nanoseconds from the kill of who has the turn to the next turn. */
    long kill() throws IOException, InterruptedException {
      Peer victim = turn.peer;
      peers.remove(victim);
      long at = System.nanoTime();
      victim.process.close();
      turn = next();
      add();
      return turn.at - at;
    }

    /** Nanoseconds from the end of the turn of one that leaves to the next turn. */
    long leave() throws IOException, InterruptedException {
      Peer victim = turn.peer;
      peers.remove(victim);
      victim.process.say("leave");
      turn = next();
      victim.process.await();
      long ended = victim.ended.take();
      add();
      return turn.at - ended;
    }

    /** Nanoseconds from the stop of who has the turn to the next turn. */
    long stop() throws IOException, InterruptedException {
      Peer victim = turn.peer;
      peers.remove(victim);
      long at = System.nanoTime();
      victim.process.signal("STOP");
      turn = next();
      victim.process.close();
      victim.process.await();
      add();
      return turn.at - at;
    }

    List<Integer> spread() throws InterruptedException {
      for (Peer peer : peers) {
        peer.process.say("spread"); // to all at once: a name waits a quarter of a second for others
      }
      for (Peer peer : peers) {
        String unused = peer.process.hear();
      }
      while (true) {
        List<Integer> counts = new ArrayList<>();
        for (Peer peer : peers) {
          counts.add((int) peer.process.number("count"));
        }
        if (counts.stream().mapToInt(Integer::intValue).sum() == NAMES) {
          return counts;
        }
        Thread.sleep(100);
      }
    }

    @Override
    public void close() {
      peers.forEach(peer -> peer.process.close());
    }
  }

  /** Who has the turn, and since when. */
  private record Event(Peer peer, long at) {}

  /** A process, and when its turns began and ended. */
  private static final class Peer {
    private final BlockingQueue<Long> ended = new LinkedBlockingQueue<>();
    private final Child process;

    Peer(String system, int number, BlockingQueue<Event> turns) throws IOException {
      process =
          new Child(
              words -> hears(words, turns), DaemonBench.class, system, String.valueOf(number));
    }

    private void hears(String[] words, BlockingQueue<Event> turns) {
      switch (words[0]) {
        case "ended" -> ended.add(Long.parseLong(words[1]));
        case "active" -> turns.add(new Event(this, Long.parseLong(words[1])));
        default -> System.err.println("not understood: " + String.join(" ", words));
      }
    }
  }

  // ---- the other processes

  /** A member of a trio: {@code memogrid|hazelcast NUMBER}. */
  public static void main(String[] args) throws Exception {
    Member member =
        args[0].equals("memogrid") ? new MemogridMember(args[1]) : new HazelcastMember();
    Child.serve(
        words -> {
          switch (words[0]) {
            case "members" -> {
              while (member.members() != Integer.parseInt(words[1])) {
                Thread.sleep(10);
              }
            }
            case "spread" -> member.spread();
            case "count" -> {
              return member.count();
            }
            case "leave" -> {
              member.leave();
              System.exit(0);
            }
            default -> throw new IllegalArgumentException(words[0]);
          }
          return 0;
        });
  }

  private interface Member {
    int members();

    default void spread() {}

    default int count() {
      return 0;
    }

    default void leave() {}
  }

  private static final class MemogridMember implements Member {
    private final AtomicInteger running = new AtomicInteger();
    private final Cluster cluster;

    MemogridMember(String number) {
      cluster =
          Cluster.builder()
              .name("daemon-bench")
              .nodeName("n" + number)
              .bind("127.0.0.1")
              .port(MEMOGRID_PORT)
              .join();
      Daemon.named(
              "turn",
              context -> {
                Child.tell("active", System.nanoTime());
                while (context.sleep(Duration.ofSeconds(1))) {
                  // has the turn
                }
                Child.tell("ended", System.nanoTime());
              })
          .start(cluster);
    }

    @Override
    public int members() {
      return cluster.membership().members().size();
    }

    @Override
    public void spread() {
      for (int i = 0; i < NAMES; i++) {
        Daemon.named("spread" + i, context -> running.incrementAndGet()).start(cluster);
      }
    }

    @Override
    public int count() {
      return running.get();
    }

    @Override
    public void leave() {
      cluster.close();
    }
  }

  private static final class HazelcastMember implements Member {
    private final HazelcastInstance hazelcast;

    HazelcastMember() {
      hazelcast =
          Hazelcast.newHazelcastInstance(
              HazelcastMembers.config("daemon-bench", HAZELCAST_PORT, 2 * MEMBERS));
      IMap<String, String> map = hazelcast.getMap("turns");
      Thread waiting =
          new Thread(
              () -> {
                map.lock("turn");
                Child.tell("active", System.nanoTime());
              },
              "turn");
      waiting.setDaemon(true);
      waiting.start();
    }

    @Override
    public int members() {
      return HazelcastMembers.together(hazelcast);
    }
  }
}
