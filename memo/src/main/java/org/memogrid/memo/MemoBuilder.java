/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;

/** Collects what a memo is. Not thread-safe; may be built more than once. */
public final class MemoBuilder<K, V> {
  private final String name;
  private final Function<? super K, ? extends V> fn;
  private Mode mode = Mode.DISTRIBUTED;
  private String version = "";
  private @Nullable Duration timeToLive;
  private @Nullable Duration maxIdle;
  private UnaryOperator<K> normaliser = UnaryOperator.identity();

  MemoBuilder(String name, Function<? super K, ? extends V> fn) {
    this.name = requireNonNull(name, "name");
    this.fn = requireNonNull(fn, "fn");
    if (name.isBlank()) {
      throw new IllegalArgumentException(
          "a memo's name is blank: give the same name on all members");
    }
  }

  /** Where results live. Default: {@link Mode#DISTRIBUTED}. */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> mode(Mode mode) {
    this.mode = requireNonNull(mode, "mode");
    return this;
  }

  /**
   * Tells functions of one name apart: each version has its own runs and results, so members with
   * an old and a new function can share a cluster. Default: none.
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> version(String version) {
    this.version = requireNonNull(version, "version");
    return this;
  }

  /**
   * How long a result is remembered. Default: for ever.
   *
   * @throws IllegalArgumentException if it is below one millisecond
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> timeToLive(Duration timeToLive) {
    this.timeToLive = atLeastAMillisecond("time to live", requireNonNull(timeToLive, "timeToLive"));
    return this;
  }

  /**
   * How long a result is remembered after its last use: at least this, at most a quarter longer.
   * Default: for ever.
   *
   * @throws IllegalArgumentException if it is below one millisecond
   */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> maxIdle(Duration maxIdle) {
    this.maxIdle = atLeastAMillisecond("max idle", requireNonNull(maxIdle, "maxIdle"));
    return this;
  }

  /** Maps each argument to the key it shares with others that mean the same. */
  @CanIgnoreReturnValue
  public MemoBuilder<K, V> key(UnaryOperator<K> normaliser) {
    this.normaliser = requireNonNull(normaliser, "normaliser");
    return this;
  }

  /**
   * Opens the memo on this member.
   *
   * @throws IllegalStateException if this process has the memo open already, if another member
   *     opened it in another mode, or if the cluster is closed
   */
  public Memo<K, V> build(Cluster cluster) {
    requireNonNull(cluster, "cluster");
    MemoFeature feature = cluster.unwrap(Node.class).feature(MemoFeature.class);
    MemoNode node = feature.node(new MemoId(name, version, mode));
    MemoHandle<K, V> memo =
        new MemoHandle<>(
            node,
            feature.runners(),
            new MemoHandle.Plan<>(fn, normaliser, millis(timeToLive), millis(maxIdle)));
    node.attach(memo);
    try {
      node.open();
    } catch (RuntimeException | Error e) {
      node.detach(memo);
      throw e;
    }
    return memo;
  }

  private static long millis(@Nullable Duration duration) {
    return duration == null ? 0 : duration.toMillis();
  }

  private Duration atLeastAMillisecond(String what, Duration duration) {
    if (duration.compareTo(Duration.ofMillis(1)) < 0) {
      throw new IllegalArgumentException(
          "memo '"
              + name
              + "': "
              + what
              + " is "
              + duration
              + ": give at least 1 ms, or leave it out for no limit");
    }
    return duration;
  }
}
