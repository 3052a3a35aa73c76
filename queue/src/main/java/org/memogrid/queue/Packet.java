/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * What the members say to each other about one queue. Immutable, and shares nothing that changes.
 */
sealed interface Packet {
  // ---- a new home

  /** A member that begins a reign asks what the receiver holds, and has its promise. */
  record Collect(Epoch epoch) implements Packet {}

  /**
   * The answer: what the sender holds, and will take nothing of an older reign.
   *
   * @param epoch the one that was asked for
   * @param promised higher than that if the sender refuses
   * @param holding null if it has no copy
   * @param secured the last reign in which, as it knows, something was confirmed
   * @param durable as what the queue was opened there, if as a durable one
   */
  record Held(
      Epoch epoch,
      Epoch promised,
      @Nullable Holding holding,
      Epoch secured,
      @Nullable Settings durable)
      implements Packet {
    Held(Epoch epoch, Epoch promised, @Nullable Holding holding, Epoch secured) {
      this(epoch, promised, holding, secured, null);
    }
  }

  /**
   * A copy in short.
   *
   * @param settings null if nobody has opened the queue there
   */
  record Holding(
      Epoch epoch,
      long position,
      Lineage lineage,
      Epoch lastBorn,
      long nextSeq,
      @Nullable Settings settings) {}

  /** Asks for the part of the receiver's copy that is behind a place. */
  record Fetch(Epoch epoch, long cursor) implements Packet {}

  /**
   * A part of a copy.
   *
   * @param head with the first part
   */
  record Chunk(
      Epoch epoch, long cursor, QueueState.@Nullable Head head, List<Entry> entries, boolean last)
      implements Packet {}

  /**
   * The sender reigns: what is for the queue's home is for it. Answered with {@link Held} by a
   * member that has promised another, or has a copy of another's reign.
   *
   * @param secured the last reign in which something was confirmed
   * @param durable what the queue is, if it is durable: who knows reads the disk when all copies
   *     are lost
   */
  record Ready(Epoch epoch, Epoch secured, @Nullable Settings durable) implements Packet {
    Ready(Epoch epoch, Epoch secured) {
      this(epoch, secured, null);
    }
  }

  /**
   * The sender's reign is secured and the receiver no backup: it forgets its copy.
   *
   * @param lineage the reigns whose messages the sender's copy has
   */
  record Forget(Epoch epoch, Lineage lineage) implements Packet {}

  /**
   * The sender would reign, and can't read what is on the disk. It tries again.
   *
   * @param durable what the queue is
   */
  record Stuck(Epoch epoch, String why, Settings durable) implements Packet {}

  /** Messages are gone: all members that held them are. */
  record Lost(Epoch epoch, String what) implements Packet {}

  // ---- home and backup

  /**
   * A step of the home's log. First {@code ops} are applied, then {@code entries} put.
   *
   * @param stream the reign in which the stream began
   * @param batch rises by one in each stream
   * @param begin with the first batch of a stream
   * @param complete whether the receiver has everything after this
   */
  record Replicate(
      Epoch epoch,
      Epoch stream,
      long batch,
      @Nullable Begin begin,
      List<Op> ops,
      List<Entry> entries,
      boolean complete)
      implements Packet {}

  /** A batch of a stream. */
  record Step(Epoch stream, long batch) {}

  /** What a stream builds on. */
  sealed interface Begin {}

  /** The copy that the receiver has, if it is of that reign and position. */
  record Adopt(Epoch epoch, long position) implements Begin {}

  /** Nothing: all entries follow. */
  record Reset(QueueState.Head head) implements Begin {}

  /**
   * The backup has it, or can't go on with it.
   *
   * @param promised higher than the home's if the sender takes nothing of it any more
   */
  record Replicated(Epoch stream, long batch, boolean ok, Epoch promised) implements Packet {}

  // ---- producers

  /**
   * Messages for the queue, in order.
   *
   * @param settledBelow the producer won't send what is below again
   * @param before what of these was sent to other homes
   */
  record Enqueue(Epoch epoch, long settledBelow, List<Before> before, List<Letter> letters)
      implements Packet {}

  /** All messages up to a number that are not confirmed were sent to that home. */
  record Before(Member home, long upTo) {}

  /** Numbers of messages that are held by as many members as there should be, and others. */
  record Enqueued(Epoch epoch, List<Long> taken, List<Refused> refused) implements Packet {}

  record Refused(long number, Refusal kind, String why) {}

  /** Why a message does not come in. */
  enum Refusal {
    FULL,
    TOO_LARGE,
    /** The disk, or the database, refuses it. It may be handed out all the same. */
    NOT_KEPT
  }

  // ---- consumers

  /**
   * All subscriptions of a member.
   *
   * @param first in this reign: what is handed out to the member is sent again
   */
  record Subscribe(Epoch epoch, boolean first, List<Subscription> subscriptions)
      implements Packet {}

  /**
   * One listener, or one that waits to receive.
   *
   * @param window how many messages it holds at most
   */
  record Subscription(long id, int window, @Nullable Selector selector) {}

  /**
   * Messages for a member's listeners.
   *
   * @param behind the last step that went to the member, if it is the backup: it must have taken it
   */
  record Deliver(Epoch epoch, @Nullable Step behind, List<Delivery> deliveries) implements Packet {}

  record Delivery(Tag tag, long subscription, int attempt, Letter letter) {}

  record Settle(Epoch epoch, List<Settlement> settlements) implements Packet {}

  /**
   * What became of a delivery.
   *
   * @param error what the handler failed with
   * @param delay before the next attempt, in milliseconds; negative for the queue's own
   */
  record Settlement(Tag tag, Verdict verdict, String error, long delay) {
    public Settlement {
      error = Attempt.shortened(error); // it becomes the cause of a dead letter, on two members
    }
  }

  /** How a delivery ended. */
  enum Verdict {
    HANDLED,
    FAILED,
    /** Nobody tried. */
    RELEASED,
    /** Nobody should try again. */
    REJECTED
  }

  record Settled(Epoch epoch, List<Tag> tags) implements Packet {}

  // ---- questions

  record Ask(long id, Question question) implements Packet {}

  record Answer(long id, Reply reply) implements Packet {}

  sealed interface Question {}

  /**
   * Opens the queue.
   *
   * @param settings null if whatever it has is right
   */
  record Open(@Nullable Settings settings) implements Question {}

  record Count() implements Question {}

  /** Messages behind a place, of those that live or are dead. */
  record Browse(boolean dead, long cursor, int limit) implements Question {}

  record SetPaused(boolean paused) implements Question {}

  /**
   * Puts dead letters back.
   *
   * @param seq which; 0 for all
   */
  record Redrive(long seq) implements Question {}

  /**
   * Removes dead letters, or all that wait.
   *
   * @param seq which; 0 for all
   */
  record Purge(boolean dead, long seq) implements Question {}

  /** Removes all, also what is out and what is dead. */
  record Empty() implements Question {}

  sealed interface Reply {}

  /** The options that the queue has. */
  record Opened(Settings settings) implements Reply {}

  record Counted(
      long waiting,
      long handed,
      long dead,
      long oldestAt,
      long published,
      long handled,
      long redelivered,
      long buried,
      long dropped,
      double publishedPerSecond,
      double handledPerSecond,
      boolean paused,
      String home)
      implements Reply {
    QueueStats stats(long now) {
      return new QueueStats(
          waiting,
          handed,
          dead,
          Duration.ofMillis(oldestAt == 0 ? 0 : Math.max(0, now - oldestAt)),
          published,
          handled,
          redelivered,
          dropped,
          publishedPerSecond,
          handledPerSecond,
          paused,
          home);
    }
  }

  record Page(List<Entry> entries, boolean last) implements Reply {}

  /** It may have been done, but the disk does not have it. */
  record Failed(String why) implements Reply {}

  /** How many messages it was about. */
  record Done(long messages) implements Reply {}

  // ---- request and reply, from member to member

  /** Answers a request that a message brought, with a body or an error. */
  final class Response implements Packet {
    final String correlationId;
    final byte @Nullable [] body;
    final @Nullable String error;

    Response(String correlationId, byte @Nullable [] body, @Nullable String error) {
      this.correlationId = correlationId;
      this.body = body;
      this.error = error;
    }

    @Override
    public String toString() {
      return "Response[" + correlationId + "]";
    }
  }
}
