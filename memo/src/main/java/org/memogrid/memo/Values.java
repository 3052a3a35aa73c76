/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BiFunction;
import java.util.function.ToIntBiFunction;
import org.jspecify.annotations.Nullable;
import org.memogrid.internal.store.Envelope;

/** Makes what is stored of what the function returned. Thread-safe; runs the user's functions. */
final class Values<K, V> {
  private final MemoNode node;
  private final Plan<K, V> plan;

  Values(MemoNode node, Plan<K, V> plan) {
    this.node = node;
    this.plan = plan;
  }

  /**
   * @param returned what the function returned, or the value of the stage that it did
   * @param isStage whether its callers expect a stage
   * @param costMillis how long that took
   * @param dependencies what it read, if that is wanted
   */
  Value of(
      K key,
      @Nullable Object returned,
      boolean isStage,
      long costMillis,
      @Nullable Dependencies dependencies) {
    Object held = isStage ? Payload.wrapStage(returned) : Payload.wrap(returned);
    V result = cast(isStage ? CompletableFuture.completedFuture(returned) : returned);
    Set<String> tags = tags(key, result, dependencies);
    long timeToLive = returned == null && !plan.cacheNulls ? Value.NOT_KEPT : life(key, result);
    return value(entry(key, weighed(key, result, held)).withTags(tags), timeToLive, costMillis);
  }

  /**
   * @throws IllegalArgumentException if the result can't be encoded
   */
  void requireSound(K key, @Nullable V result) {
    if (!(result instanceof CompletionStage)) { // its value is not known yet
      var unused = entry(key, Payload.wrap(result));
    }
  }

  /** A failure to be remembered, or null. */
  @Nullable Value ofFailure(K key, Failure failure) {
    Throwable thrown = failure.thrown();
    if (plan.cacheFailures == null || thrown == null) {
      return null;
    }
    Duration life =
        requireNonNull(
                plan.cacheFailures.apply(thrown),
                () -> node.id() + ": cacheFailures gave null: give an Optional")
            .orElse(null);
    if (life == null || life.isZero()) {
      return null;
    }
    long millis = millis("cacheFailures for " + key, life);
    Object held = node.isLocal() ? failure : Payload.wrapFailure(failure);
    long now = node.clock().millis();
    Envelope entry =
        entry(key, held).expiring(now + millis, 0, now).withTags(failure.dependencies());
    return new Value(Payload.made(entry, failure), millis, 0);
  }

  private Value value(Envelope entry, long timeToLive, long costMillis) {
    if (timeToLive == Value.NOT_KEPT) {
      return new Value(Payload.made(entry), Value.NOT_KEPT, 0);
    }
    if (timeToLive == 0 && plan.maxIdle == 0) {
      return new Value(Payload.made(entry), 0, 0);
    }
    long now = node.clock().millis();
    long whole = timeToLive == 0 ? 0 : timeToLive + plan.staleTime();
    Envelope mortal = entry.expiring(whole == 0 ? Envelope.NEVER : now + whole, plan.maxIdle, now);
    if (timeToLive > 0 && plan.ages()) {
      long refreshAt =
          plan.refreshAhead > 0 ? now + (long) (timeToLive * plan.refreshAhead) : Envelope.NEVER;
      mortal = mortal.withFresh(new Envelope.Fresh(refreshAt, now + timeToLive, costMillis));
    }
    return new Value(Payload.made(mortal), whole, plan.maxIdle);
  }

  /** In milliseconds, 0 for ever. */
  private long life(K key, V result) {
    BiFunction<? super K, ? super V, Duration> expiry = plan.expiry;
    long life = plan.timeToLive;
    if (expiry != null) {
      Duration given =
          requireNonNull(
              expiry.apply(key, result),
              () -> node.id() + ": expiry gave null for " + key + ": give a Duration");
      if (given.isZero()) {
        return Value.NOT_KEPT;
      }
      life = millis("expiry for " + key, given);
    }
    long shorter = (long) (life * plan.jitter * ThreadLocalRandom.current().nextDouble());
    return life == 0 ? 0 : Math.max(1, life - shorter);
  }

  /** Here, on the run's thread; null weighs 1. */
  private Object weighed(K key, @Nullable V result, Object held) {
    ToIntBiFunction<? super K, ? super V> weigher = plan.weigher;
    if (weigher == null) {
      return held;
    }
    int weight = result == null ? 1 : weigher.applyAsInt(key, result);
    if (weight < 0) {
      throw new IllegalArgumentException(
          node.id() + ": the weight of " + key + " is " + weight + ": give zero or more");
    }
    return Payload.weighed(held, weight);
  }

  private long millis(String what, Duration given) {
    if (given.isNegative()) {
      throw new IllegalArgumentException(
          node.id() + ": " + what + " is " + given + ": give zero for not at all, or more");
    }
    try {
      return Math.max(1, Math.min(given.toMillis(), MemoBuilder.LONGEST.toMillis()));
    } catch (ArithmeticException e) {
      return MemoBuilder.LONGEST.toMillis();
    }
  }

  private Set<String> tags(K key, V result, @Nullable Dependencies dependencies) {
    Set<String> all = new HashSet<>();
    if (plan.tags != null) {
      Collection<String> given =
          requireNonNull(
              plan.tags.apply(key, result),
              () -> node.id() + ": tags gave null for " + key + ": give an empty set");
      given.forEach(tag -> all.add(Tags.ofUser(requireNonNull(tag, "a tag of tags"))));
    }
    if (dependencies != null) {
      all.addAll(dependencies.tags());
    }
    return all;
  }

  private Envelope entry(K key, Object held) {
    Envelope.Version version = node.nextVersion();
    if (node.isLocal()) {
      return Envelope.ofValue(version, held);
    }
    try {
      return Envelope.ofBytes(version, node.codec().encode(held));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          node.id() + ": the result for " + key + " can't be stored: " + e.getMessage(), e);
    }
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // V may be a nullable type
  private V cast(@Nullable Object result) {
    return (V) result;
  }
}
