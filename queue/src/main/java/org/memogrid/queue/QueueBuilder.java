/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;

/**
 * Collects what a queue is. What is set must be the same on all members that set something; who
 * sets nothing takes the queue as it is. Not thread-safe; may be opened more than once.
 */
public final class QueueBuilder<T> {
  private final String name;
  private final Class<T> type;
  private Settings settings = Settings.DEFAULT;
  private boolean set;

  QueueBuilder(String name, Class<T> type) {
    this.name = requireNonNull(name, "name");
    this.type = requireNonNull(type, "type");
    if (name.isBlank()) {
      throw new IllegalArgumentException(
          "a queue's name is blank: give the same name on all members that use it");
    }
  }

  private String of(String what) {
    return what + " of queue '" + name + "'";
  }

  private QueueBuilder<T> with(Settings changed) {
    settings = changed;
    set = true;
    return this;
  }

  /**
   * How often a message is tried before it becomes a dead letter. Default: 10.
   *
   * @throws IllegalArgumentException if it is below one
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> attempts(int attempts) {
    int checked = Options.atLeast(of("attempts"), 1, attempts);
    return with(settings.withAttempts(checked));
  }

  /**
   * How many members may be lost while they have a message before it becomes a dead letter.
   * Default: 3.
   *
   * @throws IllegalArgumentException if it is below one
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> crashes(int crashes) {
    int checked = Options.atLeast(of("crashes"), 1, crashes);
    return with(settings.withCrashes(checked));
  }

  /**
   * The pause after a failed attempt: anything from nothing to {@code first}, doubled with each
   * failure up to {@code longest}. Default: 100 ms and a minute.
   *
   * @throws IllegalArgumentException if one is negative
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> backoff(Duration first, Duration longest) {
    long from = Options.notNegative(of("the first pause"), requireNonNull(first, "first"));
    long to = Options.notNegative(of("the longest pause"), requireNonNull(longest, "longest"));
    return with(settings.withBackoff(from, to));
  }

  /**
   * How many messages may wait and be out, and what becomes of one more. Default: without limit, in
   * memory.
   *
   * @throws IllegalArgumentException if the number is below one
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> capacity(int messages, WhenFull whenFull) {
    int checked = Options.atLeast(of("the capacity"), 1, messages);
    return with(settings.withCapacity(checked, requireNonNull(whenFull, "whenFull")));
  }

  /**
   * The largest encoded body that is taken, in bytes. Default: 8 MB.
   *
   * @throws IllegalArgumentException if it is below one
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> maxMessageBytes(int bytes) {
    int checked = Options.atLeast(of("the largest message"), 1, bytes);
    return with(settings.withLargest(checked));
  }

  /**
   * How long a {@linkplain Publish#dedupeId dedupe id} is remembered. Default: 10 minutes.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> dedupeWindow(Duration window) {
    long millis = Options.positive(of("the dedupe window"), requireNonNull(window, "window"));
    return with(settings.withDedupeWindow(millis));
  }

  /**
   * How many messages are handed out in the cluster per period. Default: without limit.
   *
   * @throws IllegalArgumentException if the number is below one or the period not positive
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> rate(int messages, Duration period) {
    int checked = Options.atLeast(of("the rate"), 1, messages);
    long millis = Options.positive(of("the rate's period"), requireNonNull(period, "period"));
    return with(settings.withRate(checked, millis));
  }

  /**
   * How many messages are handed out to each member per period. Default: without limit.
   *
   * @throws IllegalArgumentException if the number is below one or the period not positive
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> nodeRate(int messages, Duration period) {
    int checked = Options.atLeast(of("the rate per node"), 1, messages);
    long millis = Options.positive(of("the rate's period"), requireNonNull(period, "period"));
    return with(settings.withNodeRate(checked, millis));
  }

  /** {@code open(Cluster.shared())}. */
  public MessageQueue<T> open() {
    return open(Cluster.shared());
  }

  /**
   * Opens the queue on this member. Any number of handles may be open.
   *
   * @throws IllegalStateException if the queue is open with other options, showing both, or if the
   *     cluster is closed
   */
  public MessageQueue<T> open(Cluster cluster) {
    requireNonNull(cluster, "cluster");
    QueueFeature feature = cluster.unwrap(Node.class).feature(QueueFeature.class);
    return open(feature.queue(name));
  }

  MessageQueue<T> open(QueueNode queue) {
    Packet.Opened opened =
        (Packet.Opened) Waits.await(queue.ask(new Packet.Open(set ? settings : null)), name);
    if (set && !opened.settings().equals(settings)) {
      throw new IllegalStateException(
          "queue '"
              + name
              + "' is open with other options: here "
              + settings
              + ", there "
              + opened.settings()
              + "; give the same on all members, or none");
    }
    return new QueueHandle<>(queue, type, opened.settings());
  }
}
