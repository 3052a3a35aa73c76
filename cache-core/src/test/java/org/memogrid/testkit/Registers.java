/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.memogrid.testkit.History.Kind;
import org.memogrid.testkit.History.Operation;

/**
 * Judges a {@link History}: are its keys atomic registers, and is what is there at the end what was
 * written last? Exact for what it reports; it does not search for a total order, so a history may
 * break atomicity in ways it does not see. Values of one key must differ.
 */
public final class Registers {
  private Registers() {}

  /**
   * The acknowledged writes that the final state has lost: for each key, the final value must come
   * from a write that no acknowledged write followed.
   *
   * @param last reads a key's final value
   * @return sentences; empty if nothing is lost
   */
  public static List<String> lost(History history, Function<Object, @Nullable Object> last) {
    List<String> errors = new ArrayList<>();
    byKey(history)
        .forEach((key, operations) -> judgeLast(key, operations, last.apply(key), errors));
    return errors;
  }

  /**
   * The reads that no atomic register would have answered so: of a value nobody wrote or had begun
   * to write, of one that an acknowledged write had replaced before the read began, and of an older
   * value after a newer one was read.
   *
   * @return sentences; empty if none
   */
  public static List<String> anomalies(History history) {
    List<String> errors = new ArrayList<>();
    byKey(history).values().forEach(operations -> judgeReads(operations, errors));
    return errors;
  }

  private static Map<Object, List<Operation>> byKey(History history) {
    return history.operations().stream()
        .collect(Collectors.groupingBy(Operation::key, LinkedHashMap::new, Collectors.toList()));
  }

  private static void judgeLast(
      Object key, List<Operation> operations, @Nullable Object last, List<String> errors) {
    List<Operation> writes = writes(operations);
    if (last == null && writes.stream().noneMatch(Operation::acknowledged)) {
      return;
    }
    List<Operation> sources = writes.stream().filter(w -> Objects.equals(w.value(), last)).toList();
    if (sources.isEmpty()) {
      errors.add("key " + key + " ends as " + last + ", which nobody wrote; writes: " + writes);
      return;
    }
    if (sources.stream().allMatch(source -> overwritten(source, writes))) {
      errors.add(
          "key " + key + " ends as " + last + ", but later writes were acknowledged: " + writes);
    }
  }

  private static boolean overwritten(Operation source, List<Operation> writes) {
    return writes.stream().anyMatch(later -> later.acknowledged() && source.endedBefore(later));
  }

  private static void judgeReads(List<Operation> operations, List<String> errors) {
    List<Operation> writes = writes(operations);
    Map<Object, Operation> newest = new LinkedHashMap<>();
    List<Operation> reads = operations.stream().filter(o -> o.kind() == Kind.READ).toList();
    for (Operation read : reads) {
      Operation source = source(read, writes);
      if (source == null) {
        if (read.value() != null) {
          errors.add(read + " read what nobody had begun to write");
        } else if (writes.stream().anyMatch(write -> write.endedBefore(read))) {
          errors.add(read + " read nothing after an acknowledged write");
        }
        continue;
      }
      if (writes.stream().anyMatch(w -> source.endedBefore(w) && w.endedBefore(read))) {
        errors.add(read + " read a value that had been replaced before: " + source);
      }
      for (Map.Entry<Object, Operation> seen : newest.entrySet()) {
        Operation earlier = (Operation) seen.getKey();
        if (earlier.endedBefore(read) && source.endedBefore(seen.getValue())) {
          errors.add(read + " read an older value than " + earlier + " had");
        }
      }
      newest.put(read, source);
    }
  }

  private static @Nullable Operation source(Operation read, List<Operation> writes) {
    return writes.stream()
        .filter(w -> Objects.equals(w.value(), read.value()) && w.invoked() < read.completed())
        .findFirst()
        .orElse(null);
  }

  private static List<Operation> writes(List<Operation> operations) {
    return operations.stream().filter(o -> o.kind() == Kind.WRITE).toList();
  }
}
