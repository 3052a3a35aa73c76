/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.testkit;

import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What concurrent clients did to keys and saw, with the {@link System#nanoTime} of each call and
 * return. On Linux that clock is the same for all processes, so operations of several JVMs fit into
 * one history. {@link Registers} says whether it is a history of atomic registers. Thread-safe.
 */
public final class History {
  private final ConcurrentLinkedQueue<Operation> operations = new ConcurrentLinkedQueue<>();

  /** Notes that a client is about to read a key. */
  public Invocation reads(String client, Object key) {
    return new Invocation(client, Kind.READ, key, null);
  }

  /**
   * Notes that a client is about to write. Values of one key must differ; null removes.
   *
   * @param value what it is about to write
   */
  public Invocation writes(String client, Object key, @Nullable Object value) {
    return new Invocation(client, Kind.WRITE, key, value);
  }

  /** All operations that have ended, in order of their calls. */
  public List<Operation> operations() {
    return operations.stream().sorted(Comparator.comparingLong(Operation::invoked)).toList();
  }

  /** The part of it that is about some keys. */
  public History of(Predicate<Object> keys) {
    History part = new History();
    operations.stream().filter(o -> keys.test(o.key())).forEach(part.operations::add);
    return part;
  }

  /** What an operation does. */
  public enum Kind {
    READ,
    WRITE
  }

  /**
   * One call.
   *
   * @param value read or written
   * @param completed {@link Long#MAX_VALUE} for a write whose fate is not known: it may take effect
   *     at any time from its call on, or never
   */
  public record Operation(
      String client, Kind kind, Object key, @Nullable Object value, long invoked, long completed) {
    /** Whether the caller knows that it happened. */
    public boolean acknowledged() {
      return completed != Long.MAX_VALUE;
    }

    boolean endedBefore(Operation other) {
      return acknowledged() && completed < other.invoked;
    }
  }

  /** A call under way. End it once. */
  public final class Invocation {
    private final String client;
    private final Kind kind;
    private final Object key;
    private final @Nullable Object value;
    private final long invoked = System.nanoTime();

    private Invocation(String client, Kind kind, Object key, @Nullable Object value) {
      this.client = client;
      this.kind = kind;
      this.key = key;
      this.value = value;
    }

    /** The write returned. */
    public void acknowledged() {
      end(value, System.nanoTime());
    }

    /** The read returned this. */
    public void returned(@Nullable Object read) {
      end(read, System.nanoTime());
    }

    /** The write failed in a way that leaves open whether it took effect. */
    public void unknown() {
      end(value, Long.MAX_VALUE);
    }

    private void end(@Nullable Object outcome, long completed) {
      operations.add(new Operation(client, kind, key, outcome, invoked, completed));
    }
  }
}
