/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.store.Envelope;

/**
 * A result on its way: the entry that it is or will be.
 *
 * <p>What an entry holds is the result itself, or a list that stands for what no store takes or a
 * codec may change: of nothing for null; of one for a result that is a collection, since a codec
 * may make an ArrayList of what was none, such as a sublist; of two for a failure, its kind and
 * text; of three for the value of a stage.
 */
final class Payload {
  private static final String STAGE = "stage";

  private final Envelope entry;
  private final boolean found;
  private final @Nullable Failure failure;

  private Payload(Envelope entry, boolean found, @Nullable Failure failure) {
    this.entry = entry;
    this.found = found;
    this.failure = failure;
  }

  /** What a run on this member made. */
  static Payload made(Envelope entry) {
    return new Payload(entry, false, null);
  }

  /** A failure that is remembered, with what was thrown for those who waited here. */
  static Payload made(Envelope entry, Failure failure) {
    return new Payload(entry, false, failure);
  }

  /** What was found in the store. */
  static Payload found(Envelope entry) {
    return new Payload(entry, true, null);
  }

  static Payload arrived(Envelope entry, boolean found) {
    return new Payload(entry, found, null);
  }

  Envelope entry() {
    return entry;
  }

  /** Whether it was remembered, rather than made by the run that its caller waited for. */
  boolean isFound() {
    return found;
  }

  /** What the caller gets, or a {@link Failure}. */
  @Nullable Object result(Codec codec) {
    return failure == null ? result(entry, codec) : failure;
  }

  static @Nullable Object result(Envelope entry, Codec codec) {
    return unwrap(entry.value(codec));
  }

  static Object wrap(@Nullable Object result) {
    if (result == null) {
      return new ArrayList<>(0);
    }
    return result instanceof Collection ? list(result) : result;
  }

  static Object wrapFailure(Failure failure) {
    return list(failure.kind().name(), failure.text());
  }

  /** The value of a stage, for a caller who expects a stage. */
  static Object wrapStage(@Nullable Object result) {
    return list(STAGE, wrap(result), STAGE);
  }

  @SuppressWarnings("NonApiType") // what unwrap looks for
  private static ArrayList<Object> list(Object... elements) {
    return new ArrayList<>(Arrays.asList(elements));
  }

  private static @Nullable Object unwrap(Object held) {
    if (held instanceof Weighed weighed) {
      return unwrap(weighed.held);
    }
    if (held instanceof ArrayList<?> list) {
      return switch (list.size()) {
        case 0 -> null;
        case 1 -> list.get(0);
        case 2 ->
            new Failure(
                null, Failure.Kind.valueOf((String) list.get(0)), String.valueOf(list.get(1)));
        default -> CompletableFuture.completedFuture(unwrap(list.get(1)));
      };
    }
    return held;
  }

  /** What was weighed before it is stored: a store weighs under its locks. */
  static Object weighed(Object held, int weight) {
    return new Weighed(held, weight);
  }

  /** Of what an entry holds; failures, which nobody weighs, are 1. */
  static int weight(Object held) {
    return held instanceof Weighed weighed ? weighed.weight : 1;
  }

  private record Weighed(Object held, int weight) {}
}
