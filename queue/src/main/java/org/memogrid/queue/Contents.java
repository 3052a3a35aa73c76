/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.memogrid.cluster.Codec;

/** What is in a queue, for who looks at it: fetched page by page. Thread-safe. */
final class Contents<T> implements DeadLetters<T> {
  private static final int PAGE = 100;

  private final Codec codec;
  private final Class<T> type;
  private final Runnable checkOpen;
  private final Function<Packet.Question, Packet.Reply> home;

  /**
   * @param checkOpen throws if the queue is closed here
   * @param home asks the queue's home and waits; throws too
   */
  Contents(
      Codec codec,
      Class<T> type,
      Runnable checkOpen,
      Function<Packet.Question, Packet.Reply> home) {
    this.codec = codec;
    this.type = type;
    this.checkOpen = checkOpen;
    this.home = home;
  }

  private <R extends Packet.Reply> R ask(Class<R> reply, Packet.Question question) {
    return reply.cast(home.apply(question));
  }

  /** The messages that wait or are out. */
  Stream<Message<T>> live() {
    return entries(false).map(this::message);
  }

  private Received<T> message(Entry entry) {
    return new Received<>(codec, type, entry);
  }

  private Stream<Entry> entries(boolean dead) {
    checkOpen.run();
    return StreamSupport.stream(new Pages(dead), false);
  }

  /** Asks for the next page when somebody wants more. */
  private final class Pages extends Spliterators.AbstractSpliterator<Entry> {
    private final boolean dead;
    private final List<Entry> page = new ArrayList<>();
    private long cursor;
    private boolean last;

    Pages(boolean dead) {
      super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL);
      this.dead = dead;
    }

    @Override
    public boolean tryAdvance(Consumer<? super Entry> action) {
      if (page.isEmpty() && !last) {
        Packet.Page next = ask(Packet.Page.class, new Packet.Browse(dead, cursor, PAGE));
        page.addAll(next.entries());
        last = next.last();
      }
      if (page.isEmpty()) {
        return false;
      }
      Entry entry = page.remove(0);
      cursor = entry.seq;
      action.accept(entry);
      return true;
    }
  }

  // ---- dead letters

  @Override
  public long size() {
    return ask(Packet.Counted.class, new Packet.Count()).dead();
  }

  @Override
  public Stream<DeadLetter<T>> browse() {
    return entries(true).map(this::letter);
  }

  private DeadLetter<T> letter(Entry entry) {
    String cause = entry.cause;
    return new DeadLetter<>(
        message(entry),
        cause == null ? "" : cause,
        Instant.ofEpochMilli(entry.diedAt),
        entry.history.stream()
            .map(
                attempt ->
                    new DeadLetter.Failure(
                        Instant.ofEpochMilli(attempt.at()), attempt.member(), attempt.error()))
            .toList());
  }

  @Override
  public long redrive() {
    return ask(Packet.Done.class, new Packet.Redrive(0)).messages();
  }

  @Override
  public boolean redrive(DeadLetter<T> letter) {
    requireNonNull(letter, "letter");
    long seq = ((Received<T>) letter.message()).place();
    return ask(Packet.Done.class, new Packet.Redrive(seq)).messages() > 0;
  }

  @Override
  public long purge() {
    return ask(Packet.Done.class, new Packet.Purge(true, 0)).messages();
  }
}
