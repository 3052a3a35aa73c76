/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * One member's copy of the queue, and its promise.
 *
 * <p>Invariant: from the moment a member answers {@link Packet.Collect}, its copy changes by that
 * reign or a later one alone. A home confirms what all copies of its reign have; so it can confirm
 * nothing any more once one of them has promised, and what it confirmed before is in that copy.
 */
final class Replica {
  private final Desk desk;
  private Epoch promised = Epoch.NONE;
  private Epoch secured = Epoch.NONE;
  private @Nullable QueueState state;
  private boolean complete;
  private Epoch streaming = Epoch.NONE;
  private long lastBatch;
  private @Nullable Settings durable;

  Replica(Desk desk) {
    this.desk = desk;
  }

  Epoch promised() {
    return promised;
  }

  /** The last reign in which, as far as is known here, something was confirmed. */
  Epoch secured() {
    return secured;
  }

  @Nullable QueueState state() {
    return complete ? state : null;
  }

  /** Takes nothing of an older reign from here on. */
  void promise(Epoch epoch) {
    if (promised.isBefore(epoch)) {
      promised = epoch;
    }
  }

  void secured(Epoch epoch) {
    if (secured.isBefore(epoch)) {
      secured = epoch;
    }
  }

  /** As what the queue was opened here, or by those of whom is heard, if as a durable one. */
  @Nullable Settings durable() {
    return durable;
  }

  void durable(@Nullable Settings settings) {
    durable = settings;
  }

  /** The home works on its own copy. */
  void own(QueueState copy) {
    state = copy;
    complete = true;
    streaming = Epoch.NONE;
  }

  Packet.@Nullable Holding holding() {
    QueueState copy = state();
    return copy == null
        ? null
        : new Packet.Holding(
            copy.epoch(),
            copy.position(),
            copy.lineage(),
            copy.lastBorn(),
            copy.nextSeq(),
            copy.settings());
  }

  Packet.Held held(Epoch asked) {
    return new Packet.Held(asked, promised, holding(), secured, durable);
  }

  /** Whether there is a copy here that a home does not keep up to date. */
  boolean hasForeign(Epoch reign) {
    QueueState copy = state();
    return copy != null && !copy.epoch().equals(reign) && !streaming.equals(reign);
  }

  /** A part of the copy, for a member to which it is promised. */
  void fetch(Member from, Packet.Fetch fetch) {
    QueueState copy = state();
    if (copy != null && fetch.epoch().equals(promised)) {
      desk.send(from, chunk(fetch.epoch(), copy, fetch.cursor()));
    } else {
      desk.send(from, held(fetch.epoch())); // it is promised to another, who asks anew
    }
  }

  private Packet.Chunk chunk(Epoch epoch, QueueState copy, long cursor) {
    List<Entry> entries = copy.after(cursor, desk.chunk()).stream().map(Entry::copy).toList();
    QueueState.Head head = cursor == 0 ? copy.head() : null;
    return new Packet.Chunk(epoch, cursor, head, entries, entries.isEmpty());
  }

  void forget(Packet.Forget forget) {
    secured(forget.epoch());
    QueueState copy = state;
    if (copy != null && !forget.epoch().isBefore(promised) && forget.lineage().has(copy.epoch())) {
      state = null;
      complete = false;
    }
  }

  /** Whether the home's step was taken; the home hears so. */
  void replicate(Member from, Packet.Replicate step) {
    if (step.epoch().isBefore(promised) && desk.apply(Rule.REFUSE_OLDER_HOMES)) {
      desk.send(from, new Packet.Replicated(step.stream(), step.batch(), false, promised));
      return;
    }
    promise(step.epoch());
    Packet.Begin begin = step.begin();
    if (begin instanceof Packet.Reset reset && isNews(reset.head().lineage())) {
      desk.send(from, held(step.epoch())); // it takes what is here first
      desk.send(from, new Packet.Replicated(step.stream(), step.batch(), false, promised));
      return;
    }
    boolean ok = begin != null ? begin(step, begin) : isNext(step);
    QueueState copy = state;
    if (ok && copy != null) {
      lastBatch = step.batch();
      step.ops().forEach(copy::apply);
      step.entries().forEach(copy::put);
      complete |= step.complete();
    }
    // Its own reign, not the promise: without the rule above nothing later is promised.
    desk.send(from, new Packet.Replicated(step.stream(), step.batch(), ok, step.epoch()));
  }

  /** Whether the home's step is in the copy, or was. */
  boolean hasTaken(Packet.Step step) {
    return step.stream().equals(streaming) && step.batch() <= lastBatch;
  }

  private boolean isNews(Lineage others) {
    QueueState own = state();
    return own != null && !others.has(own.epoch());
  }

  private boolean isNext(Packet.Replicate step) {
    return step.stream().equals(streaming) && step.batch() == lastBatch + 1;
  }

  private boolean begin(Packet.Replicate step, Packet.Begin begin) {
    if (begin instanceof Packet.Adopt adopt) {
      QueueState own = state();
      if (own == null || !own.epoch().equals(adopt.epoch()) || own.position() != adopt.position()) {
        return false;
      }
      own.reign(step.stream());
    } else if (begin instanceof Packet.Reset reset) {
      state = new QueueState(reset.head());
      complete = false;
    }
    streaming = step.stream();
    return true;
  }
}
