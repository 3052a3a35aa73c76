/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.memogrid.testkit.Portable.op;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Cache;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.History;
import org.memogrid.testkit.History.Invocation;
import org.memogrid.testkit.Registers;

/**
 * Clients that write, read and count through any of several nodes while a test does things to
 * those, and the account of what must be there afterwards. Each client has keys of its own, so that
 * the order of the writes of a key is known; all share one counter per cache.
 */
final class Load implements AutoCloseable {
  private static final int KEYS = 30;
  private static final long AT_FULL_SPEED = 1_000_000;
  private static final long AT_REST = 15_000_000;
  private static final String COUNTER = "counter";

  private final int clients;
  private final long seed;
  private final ExecutorService threads;
  private final List<Door> doors = new CopyOnWriteArrayList<>();
  private final Set<String> lost = ConcurrentHashMap.newKeySet();
  private final ReentrantReadWriteLock pause = new ReentrantReadWriteLock(true);
  private final AtomicInteger values = new AtomicInteger();
  private final AtomicLong done = new AtomicLong();
  private final Map<String, Count> counts = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<Failure> failures = new ConcurrentLinkedQueue<>();
  private volatile long pauseNanos = AT_FULL_SPEED;
  private volatile History history = new History();
  private volatile boolean closed;

  Load(int clients, long seed) {
    this.clients = clients;
    this.seed = seed;
    this.threads = Executors.newFixedThreadPool(clients);
  }

  /** One node's handle to one cache. */
  record Door(String node, String name, Cache<String, Integer> cache) {}

  /** A call that failed, and so may have happened or not. */
  record Failure(String node, Throwable cause) {}

  private record Count(AtomicInteger acknowledged, AtomicInteger unknown) {}

  void open(String node, Cache<String, Integer> cache) {
    String name = cache.name();
    counts.computeIfAbsent(name, key -> new Count(new AtomicInteger(), new AtomicInteger()));
    doors.add(new Door(node, name, cache));
  }

  /** Sends no more calls to a node. Those under way go on. */
  void shut(String node) {
    doors.removeIf(door -> door.node().equals(node));
  }

  /**
   * The same for a node that crashes in this process: its threads go on, and what it stores when it
   * has lost all others it confirms to nobody but them.
   */
  void lose(String node) {
    lost.add(node);
    shut(node);
  }

  void start() {
    for (int client = 0; client < clients; client++) {
      int id = client;
      threads.execute(() -> work(id, new java.util.Random(seed + id)));
    }
  }

  /** Goes on with few calls, until {@link #speedUp}: what happens next takes its time anyway. */
  void slowDown() {
    pauseNanos = AT_REST;
  }

  void speedUp() {
    pauseNanos = AT_FULL_SPEED;
  }

  long done() {
    return done.get();
  }

  /** Starts a new account of failures. */
  void forgetFailures() {
    failures.clear();
  }

  /** Calls that failed on nodes other than the one that was taken away. */
  List<Failure> failuresExcept(String node) {
    return failures.stream().filter(failure -> !failure.node().equals(node)).toList();
  }

  /**
   * Stops for a moment and compares what every door shows with what was acknowledged. A write whose
   * member died in it may have reached some members alone: such a key is written once more, and
   * from then on all must show the same.
   *
   * @return sentences; empty if nothing is lost and no read was impossible
   */
  List<String> audit() {
    pause.writeLock().lock();
    try {
      Set<Object> doubtful = doubtful();
      List<String> errors =
          new ArrayList<>(Registers.anomalies(history.of(place -> !doubtful.contains(place))));
      for (Door door : doors) {
        Map<String, Integer> all = door.cache().getAll(allKeys());
        Registers.lost(history.of(key -> isIn(door, key)), key -> all.get(keyOf(key)))
            .forEach(error -> errors.add("seen on " + door.node() + ": " + error));
        auditCounter(door, all.get(COUNTER), errors);
      }
      settle(doubtful);
      startAgainFrom(compare(errors));
      return errors;
    } finally {
      pause.writeLock().unlock();
    }
  }

  private Set<Object> doubtful() {
    return history.operations().stream()
        .filter(each -> each.kind() == History.Kind.WRITE && !each.acknowledged())
        .map(History.Operation::key)
        .collect(Collectors.toSet());
  }

  private void settle(Set<Object> doubtful) {
    Set<String> settled = new HashSet<>();
    for (Door door : doors) {
      if (settled.add(door.name())) {
        count(door);
        doubtful.stream()
            .filter(place -> isIn(door, place))
            .forEach(place -> door.cache().put(keyOf(place), values.incrementAndGet()));
      }
    }
  }

  private Map<String, Map<String, Integer>> compare(List<String> errors) {
    Map<String, Map<String, Integer>> seen = new HashMap<>();
    for (Door door : doors) {
      Map<String, Integer> all = door.cache().getAll(allKeys());
      Map<String, Integer> first = seen.putIfAbsent(door.name(), all);
      if (first != null && !first.equals(all)) {
        Map<String, Integer> here = new TreeMap<>(all);
        here.entrySet().removeAll(first.entrySet());
        Map<String, Integer> there = new TreeMap<>(first);
        there.entrySet().removeAll(all.entrySet());
        errors.add(
            "%s sees %s in %s, where another node sees %s"
                .formatted(door.node(), here, door.name(), there));
      }
    }
    return seen;
  }

  @Override
  public void close() {
    closed = true;
    threads.shutdown();
    Await.until("the clients to end", threads::isTerminated);
  }

  private void work(int client, RandomGenerator random) {
    while (!closed) {
      pause.readLock().lock();
      try {
        call(client, random);
      } finally {
        pause.readLock().unlock();
      }
      LockSupport.parkNanos(pauseNanos);
    }
  }

  private void call(int client, RandomGenerator random) {
    List<Door> open = List.copyOf(doors);
    Door door = open.get(random.nextInt(open.size()));
    String key = key(client, random.nextInt(KEYS));
    switch (random.nextInt(10)) {
      case 0, 1 -> count(door);
      case 2, 3, 4 -> read(door, client, key);
      default -> write(door, client, key);
    }
    done.incrementAndGet();
  }

  private void read(Door door, int client, String key) {
    Invocation reading = history.reads("client " + client, place(door, key));
    try {
      Integer value = door.cache().get(key);
      // A member that has just lost all others answers from what it holds alone.
      if (doors.stream().anyMatch(each -> each.node().equals(door.node()))) {
        reading.returned(value);
      }
    } catch (RuntimeException | Error e) {
      failures.add(new Failure(door.node(), e));
    }
  }

  private void write(Door door, int client, String key) {
    int value = values.incrementAndGet();
    Invocation writing = history.writes("client " + client, place(door, key), value);
    try {
      door.cache().put(key, value);
      if (lost.contains(door.node())) {
        writing.unknown();
      } else {
        writing.acknowledged();
      }
    } catch (RuntimeException | Error e) {
      writing.unknown();
      failures.add(new Failure(door.node(), e));
    }
  }

  private void count(Door door) {
    Count count = Objects.requireNonNull(counts.get(door.name()));
    try {
      door.cache().update(COUNTER, op(n -> n == null ? 1 : n + 1));
      boolean heard = !lost.contains(door.node());
      (heard ? count.acknowledged() : count.unknown()).incrementAndGet();
    } catch (RuntimeException | Error e) {
      count.unknown().incrementAndGet();
      failures.add(new Failure(door.node(), e));
    }
  }

  private void auditCounter(Door door, @Nullable Integer counter, List<String> errors) {
    Count count = Objects.requireNonNull(counts.get(door.name()));
    int least = count.acknowledged().get();
    int most = least + count.unknown().get();
    int value = counter == null ? 0 : counter;
    if (value < least || value > most) {
      errors.add(
          "%s on %s counts %d, not %d to %d"
              .formatted(door.name(), door.node(), value, least, most));
    }
  }

  private void startAgainFrom(Map<String, Map<String, Integer>> seen) {
    History next = new History();
    seen.forEach(
        (cache, entries) ->
            entries.forEach(
                (key, value) -> {
                  if (!key.equals(COUNTER)) {
                    next.writes("before", cache + "/" + key, value).acknowledged();
                  }
                }));
    history = next;
  }

  private static boolean isIn(Door door, Object place) {
    return place.toString().startsWith(door.name() + "/");
  }

  private static String keyOf(Object place) {
    return place.toString().substring(place.toString().indexOf('/') + 1);
  }

  private static String place(Door door, String key) {
    return door.name() + "/" + key;
  }

  private static String key(int client, int number) {
    return "c" + client + "-" + number;
  }

  private List<String> allKeys() {
    List<String> keys = new ArrayList<>(List.of(COUNTER));
    IntStream.range(0, clients)
        .forEach(c -> IntStream.range(0, KEYS).forEach(n -> keys.add(key(c, n))));
    return keys;
  }
}
