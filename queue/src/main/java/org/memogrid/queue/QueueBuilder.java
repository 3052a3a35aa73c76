/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.internal.node.Node;

/**
 * Collects what a queue is. What is set must be the same on all members that set something; who
 * sets nothing takes the queue as it is. Not thread-safe; may be opened more than once.
 */
public final class QueueBuilder<T> {
  private final String name;
  private final Class<T> type;
  private int attempts = Settings.DEFAULT.attempts();
  private int crashes = Settings.DEFAULT.crashes();
  private long backoff = Settings.DEFAULT.backoff();
  private long longestBackoff = Settings.DEFAULT.longestBackoff();
  private long capacity = Settings.DEFAULT.capacity();
  private WhenFull whenFull = Settings.DEFAULT.whenFull();
  private int largest = Settings.DEFAULT.largest();
  private long dedupeWindow = Settings.DEFAULT.dedupeWindow();
  private int rate = Settings.DEFAULT.rate();
  private long ratePeriod = Settings.DEFAULT.ratePeriod();
  private int nodeRate = Settings.DEFAULT.nodeRate();
  private long nodeRatePeriod = Settings.DEFAULT.nodeRatePeriod();
  private @Nullable Persist persist;
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

  private QueueBuilder<T> set() {
    set = true;
    return this;
  }

  private Settings settings() {
    return new Settings(
        attempts,
        crashes,
        backoff,
        longestBackoff,
        capacity,
        whenFull,
        largest,
        dedupeWindow,
        rate,
        ratePeriod,
        nodeRate,
        nodeRatePeriod,
        persist);
  }

  /**
   * How often a message is tried before it becomes a dead letter. Default: 10.
   *
   * @throws IllegalArgumentException if it is below one
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> attempts(int attempts) {
    this.attempts = Options.atLeast(of("attempts"), 1, attempts);
    return set();
  }

  /**
   * How many members may be lost while they have a message before it becomes a dead letter.
   * Default: 3.
   *
   * @throws IllegalArgumentException if it is below one
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> crashes(int crashes) {
    this.crashes = Options.atLeast(of("crashes"), 1, crashes);
    return set();
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
    this.backoff = from;
    this.longestBackoff = to;
    return set();
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
    this.whenFull = requireNonNull(whenFull, "whenFull");
    this.capacity = checked;
    return set();
  }

  /**
   * The largest encoded body that is taken, in bytes. Default: 8 MB.
   *
   * @throws IllegalArgumentException if it is below one
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> maxMessageBytes(int bytes) {
    this.largest = Options.atLeast(of("the largest message"), 1, bytes);
    return set();
  }

  /**
   * How long a {@linkplain Publish#dedupeId dedupe id} is remembered. Default: 10 minutes.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> dedupeWindow(Duration window) {
    this.dedupeWindow = Options.positive(of("the dedupe window"), requireNonNull(window, "window"));
    return set();
  }

  /**
   * How many messages are handed out in the cluster per period. Default: without limit.
   *
   * @throws IllegalArgumentException if the number is below one or the period not positive
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> rate(int messages, Duration period) {
    int checked = Options.atLeast(of("the rate"), 1, messages);
    this.ratePeriod = Options.positive(of("the rate's period"), requireNonNull(period, "period"));
    this.rate = checked;
    return set();
  }

  /**
   * How many messages are handed out to each member per period. Default: without limit.
   *
   * @throws IllegalArgumentException if the number is below one or the period not positive
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> nodeRate(int messages, Duration period) {
    int checked = Options.atLeast(of("the rate per node"), 1, messages);
    this.nodeRatePeriod =
        Options.positive(of("the rate's period"), requireNonNull(period, "period"));
    this.nodeRate = checked;
    return set();
  }

  /**
   * Keeps the messages on disk, or in a table, as {@code CacheOptions.persist} does the entries of
   * a shared cache: they are there when all members were lost at once. The cluster must be {@code
   * CONSISTENT}; files are below the same path on every machine, a table is found by the name of a
   * data source. Default: in memory alone.
   *
   * <p>A publish is confirmed when the backup and the disk have the message. Give it on all members
   * that publish: until one that gives it has opened the queue, the queue is in memory alone.
   *
   * @throws IllegalArgumentException with {@code writeBehind}, {@code preload}, {@code
   *     purgeOnStart}, a URL, an object that is a data source, or a loader of your own
   */
  @CanIgnoreReturnValue
  public QueueBuilder<T> persist(Persist persist) {
    if (requireNonNull(persist, "persist").isOfProgram()) {
      throw new IllegalArgumentException(
          "queue '"
              + name
              + "', persist("
              + persist
              + "): give files or a table: what is kept there"
              + " is the queue's own");
    }
    if (persist.queueSize() > 0) {
      throw new IllegalArgumentException(
          "queue '"
              + name
              + "', persist("
              + persist
              + "): leave writeBehind out: what is confirmed must be kept");
    }
    CacheOptions unused = CacheOptions.of(Mode.DISTRIBUTED).persist(persist);
    this.persist = persist;
    return set();
  }

  /** {@code open(Cluster.shared())}. */
  public MessageQueue<T> open() {
    return open(Cluster.shared());
  }

  /**
   * Opens the queue on this member. Any number of handles may be open.
   *
   * <p>With {@link #persist} it opens though members are missing that may have later messages: then
   * nothing is handed out, and what is published fails, until they are back.
   *
   * @throws IllegalStateException if the queue is open with other options, showing both, if a
   *     member that should have a part in it runs without queues, or if the cluster is closed
   */
  public MessageQueue<T> open(Cluster cluster) {
    requireNonNull(cluster, "cluster");
    QueueFeature feature = cluster.unwrap(Node.class).feature(QueueFeature.class);
    return open(feature.queue(name));
  }

  MessageQueue<T> open(QueueNode queue) {
    Settings settings = settings();
    Persist place = persist;
    Settings before = place == null ? null : queue.openDurably(settings, place);
    Packet.Opened opened;
    try {
      opened = (Packet.Opened) Waits.await(queue.ask(new Packet.Open(set ? settings : null)), name);
    } catch (QueueException e) {
      Settings known = set ? settings : queue.known();
      if (known == null || known.persist() == null || queue.missing().isEmpty()) {
        throw e;
      }
      if (set) {
        queue.opened(settings);
      }
      return new QueueHandle<>(queue, type, known);
    }
    if (set && !opened.settings().equals(settings)) {
      if (place != null) {
        queue.notOpened(before);
      }
      throw new IllegalStateException(
          "queue '"
              + name
              + "' is open with other options: here "
              + settings
              + ", there "
              + opened.settings()
              + "; give the same on all members, or none");
    }
    if (set) {
      queue.opened(settings);
    }
    return new QueueHandle<>(queue, type, opened.settings());
  }
}
