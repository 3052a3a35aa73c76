/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;

/**
 * What callers of a memo saw whose function reads the {@linkplain VersionSource version} of its
 * key: no call may get a value that is older than an invalidation which had returned before the
 * call began. Times are {@link System#nanoTime}, which on Linux is the same for all processes.
 * Thread-safe.
 */
final class MemoHistory {
  private final ConcurrentLinkedQueue<Operation> operations = new ConcurrentLinkedQueue<>();

  /** What a caller did. */
  enum Kind {
    /** A call that returned the version. */
    CALL,
    /** An invalidation that returned, begun when the source had the version. */
    INVALIDATION
  }

  /**
   * @param place memo and key
   */
  record Operation(String node, Kind kind, String place, long version, long begun, long returned) {}

  void add(Operation operation) {
    operations.add(operation);
  }

  long count(Predicate<Operation> which) {
    return operations.stream().filter(which).count();
  }

  /**
   * A member that was taken for lost, and did not know it, from one time to another: what it was
   * told meanwhile is no promise, and what it invalidated holds for all from the end on.
   */
  record Apart(String node, long from, long to) {
    boolean covers(Operation operation) {
      return operation.node.equals(node) && operation.begun < to && operation.returned > from;
    }
  }

  /**
   * The calls that got what had been invalidated before they began.
   *
   * @return sentences; empty if there are none
   */
  List<String> stale(List<Apart> apart) {
    Map<String, NavigableMap<Long, Operation>> newest = newestByTime(apart);
    List<String> errors = new ArrayList<>();
    for (Operation call : operations) {
      if (call.kind != Kind.CALL
          || apart.stream().anyMatch(a -> a.covers(call) && call.begun >= a.from)) {
        continue;
      }
      Map.Entry<Long, Operation> before =
          newest.getOrDefault(call.place, new TreeMap<>()).lowerEntry(call.begun);
      if (before != null && before.getValue().version > call.version) {
        errors.add(call + " got what was invalidated before: " + before.getValue());
      }
    }
    return errors;
  }

  /** By place and time: the highest version of an invalidation that had returned by then. */
  private Map<String, NavigableMap<Long, Operation>> newestByTime(List<Apart> apart) {
    Map<String, NavigableMap<Long, Operation>> byTime = new LinkedHashMap<>();
    operations.stream()
        .filter(o -> o.kind == Kind.INVALIDATION)
        .sorted(Comparator.comparingLong(o -> holdsFrom(o, apart)))
        .forEach(
            o -> {
              NavigableMap<Long, Operation> newest =
                  byTime.computeIfAbsent(o.place, place -> new TreeMap<>());
              Map.Entry<Long, Operation> last = newest.lastEntry();
              if (last == null || last.getValue().version < o.version) {
                newest.put(holdsFrom(o, apart), o);
              }
            });
    return byTime;
  }

  private static long holdsFrom(Operation invalidation, List<Apart> apart) {
    long from = invalidation.returned;
    for (Apart each : apart) {
      if (each.covers(invalidation)) {
        from = Math.max(from, each.to);
      }
    }
    return from;
  }
}
