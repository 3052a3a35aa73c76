/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.memogrid.cache.Mode;
import org.memogrid.memo.Memo;
import org.memogrid.modes.MemoHistory.Apart;
import org.memogrid.modes.MemoHistory.Kind;
import org.memogrid.modes.MemoHistory.Operation;
import org.memogrid.testkit.NodeContext;
import org.memogrid.testkit.NodeProcess;

/**
 * Callers in each node's JVM that call memos and now and then change what these remember of, and
 * then invalidate it. Whatever they did and saw becomes one {@link MemoHistory} here.
 */
final class MemoLoad {
  static final List<Mode> MODES = List.of(Mode.INVALIDATED, Mode.REPLICATED, Mode.DISTRIBUTED);
  private static final int KEYS = 8;
  private static final int OFTEN_MICROS = 2_000;
  private static final int SELDOM_MICROS = 40_000;
  private static final String OPERATIONS = "operations";
  private static final String FAILURES = "failures";
  private static final String CALLERS = "callers";

  final MemoHistory history = new MemoHistory();
  private final ConcurrentLinkedQueue<Operation> failures = new ConcurrentLinkedQueue<>();
  private final String file;

  /**
   * @param file which all nodes map, for the versions
   */
  MemoLoad(Path file) {
    this.file = file.toAbsolutePath().toString();
  }

  /** Begins to call on the node, as often as may be. */
  void start(NodeProcess node, long seed) {
    start(node, seed, OFTEN_MICROS);
  }

  /**
   * @param pauseMicros that each caller makes at most after each call
   */
  void start(NodeProcess node, long seed, int pauseMicros) {
    String name = node.name();
    node.onEvent(OPERATIONS, told -> heard(name, (long[]) told));
    node.onEvent(
        FAILURES,
        told -> {
          String[] parts = String.valueOf(told).split(" ", 3);
          long begun = Long.parseLong(parts[0]);
          failures.add(
              new Operation(name, Kind.CALL, parts[2], 0, begun, Long.parseLong(parts[1])));
        });
    String source = file;
    node.run(there -> there.kept(CALLERS, () -> new Callers(there, source, seed, pauseMicros)));
  }

  /** Goes on with few calls on the node, until {@link #speedUp}: what comes is a wait. */
  void slowDown(NodeProcess node) {
    node.run(there -> there.kept(CALLERS, MemoLoad::none).pauseMicros = SELDOM_MICROS);
  }

  void speedUp(NodeProcess node) {
    node.run(there -> there.kept(CALLERS, MemoLoad::none).pauseMicros = OFTEN_MICROS);
  }

  /** Ends it, with all that was done told here. */
  void stop(NodeProcess node) {
    node.run(there -> there.kept(CALLERS, MemoLoad::none).stop());
  }

  /** The failures on members that neither were apart just then nor are named. */
  List<String> failures(List<Apart> apart, List<String> gone) {
    return failures.stream()
        .filter(f -> !gone.contains(f.node()) && apart.stream().noneMatch(a -> a.covers(f)))
        .map(Operation::toString)
        .toList();
  }

  static Memo<Integer, Long> memo(NodeContext there, Mode mode, String source) {
    return there.kept(
        "versions-" + mode,
        () ->
            Memo.<Integer, Long>builder("versions-" + mode, key -> read(there, source, mode, key))
                .mode(mode)
                .build(there.cluster()));
  }

  private void heard(String node, long[] told) {
    for (int i = 0; i < told.length; i += Callers.WORDS) {
      history.add(
          new Operation(
              node,
              told[i] == Callers.CALL ? Kind.CALL : Kind.INVALIDATION,
              MODES.get((int) told[i + 1]) + "/" + told[i + 2],
              told[i + 3],
              told[i + 4],
              told[i + 5]));
    }
  }

  // ---- in the node's JVM

  private static Callers none() {
    throw new IllegalStateException("the load was not started here");
  }

  /** Reads the version first and takes its time then: what it returns may be old by that time. */
  private static long read(NodeContext there, String source, Mode mode, int key) {
    long version = source(there, source).version(slot(mode, key));
    long micros = (version * 31 + key) % 20 == 0 ? 60_000 : (version * 7 + key) % 4 * 1_000;
    LockSupport.parkNanos(micros * 1_000);
    return version;
  }

  private static VersionSource source(NodeContext there, String file) {
    return there.kept("versions", () -> VersionSource.at(Path.of(file), MODES.size() * KEYS));
  }

  private static int slot(Mode mode, int key) {
    return MODES.indexOf(mode) * KEYS + key;
  }

  /** One thread per mode. What they do is told in batches; a node that is killed keeps its last. */
  private static final class Callers {
    private static final int WORDS = 6;
    private static final long CALL = 0;
    private static final long INVALIDATION = 1;
    private static final int BATCH = 64 * WORDS;
    private static final long FAILURE_PAUSE_NANOS = 20_000_000;

    private final NodeContext there;
    private final VersionSource source;
    private final List<Thread> threads = new ArrayList<>();
    private volatile int pauseMicros;
    private volatile boolean stopped;

    Callers(NodeContext there, String file, long seed, int pauseMicros) {
      this.pauseMicros = pauseMicros;
      this.there = there;
      this.source = source(there, file);
      for (Mode mode : MODES) {
        Memo<Integer, Long> memo = memo(there, mode, file);
        Random random = new Random(seed + MODES.indexOf(mode));
        Thread thread = new Thread(() -> new Caller(memo, mode, random).work(), "calls " + mode);
        thread.setDaemon(true);
        threads.add(thread);
      }
      threads.forEach(Thread::start);
    }

    String stop() throws InterruptedException {
      stopped = true;
      for (Thread thread : threads) {
        thread.join();
      }
      return "stopped";
    }

    private final class Caller {
      private final Memo<Integer, Long> memo;
      private final Mode mode;
      private final Random random;
      private final long[] told = new long[BATCH];
      private int words;

      Caller(Memo<Integer, Long> memo, Mode mode, Random random) {
        this.memo = memo;
        this.mode = mode;
        this.random = random;
      }

      void work() {
        while (!stopped) {
          long begun = System.nanoTime();
          try {
            step(random.nextInt(KEYS), begun);
            LockSupport.parkNanos(random.nextInt(pauseMicros) * 1_000L);
          } catch (RuntimeException | Error e) {
            // From when on it waited: what was lost while this member stood still may end later.
            there.emit(FAILURES, begun + " " + System.nanoTime() + " " + mode + ": " + e);
            LockSupport.parkNanos(FAILURE_PAUSE_NANOS);
          }
          if (words == BATCH) {
            flush();
          }
        }
        flush();
      }

      private void step(int key, long begun) {
        switch (random.nextInt(12)) {
          case 0 -> {
            long version = source.raise(slot(mode, key));
            memo.invalidate(key);
            note(Kind.INVALIDATION, key, version, begun);
          }
          case 1 -> memo.peek(key).ifPresent(version -> note(Kind.CALL, key, version, begun));
          case 2 -> {
            Map<Integer, Long> all =
                memo.getAll(IntStream.of(key, (key + 1) % KEYS).boxed().toList());
            all.forEach((k, version) -> note(Kind.CALL, k, version, begun));
          }
          default -> {
            long version = memo.apply(key);
            note(Kind.CALL, key, version, begun);
          }
        }
      }

      private void note(Kind kind, int key, long version, long begun) {
        if (words == BATCH) {
          flush();
        }
        told[words++] = kind == Kind.CALL ? CALL : INVALIDATION;
        told[words++] = MODES.indexOf(mode);
        told[words++] = key;
        told[words++] = version;
        told[words++] = begun;
        told[words++] = System.nanoTime();
      }

      private void flush() {
        if (words > 0) {
          there.emit(OPERATIONS, Arrays.copyOf(told, words));
          words = 0;
        }
      }
    }
  }
}
