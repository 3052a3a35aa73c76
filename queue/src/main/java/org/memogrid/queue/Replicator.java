/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * The home's side of replication: sends its log to the backup, and knows how far that has come.
 *
 * <p>A backup that begins with nothing gets the entries in order of their places, mixed into the
 * stream of operations. That makes a copy: 1. an operation on an entry that was sent is applied
 * there; 2. one on an entry that was not sent finds nothing there, and the entry is sent later as
 * it is then.
 */
final class Replicator {
  private static final int IN_FLIGHT = 4;
  private static final int BATCH_OPS = 1_024;
  private static final int BATCH_BYTES = 256 * 1024;
  private static final int BRIEF_OPS = 64;

  private final Desk desk;
  private final Epoch stream;
  private final QueueState state;
  private final Map<Member, Backup> backups = new LinkedHashMap<>();
  private final List<Op> log = new ArrayList<>();

  /** Numbers in the stream go on when a backup comes again: an answer of before is none of now. */
  private final Map<Member, Long> lastBatches = new HashMap<>();

  private long logStart;
  private Epoch epoch;
  private boolean alone;
  private long safe;

  /** One stream. */
  private static final class Backup {
    final Member member;
    Packet.@Nullable Begin begin;
    boolean reset;

    /** Whether it began with nothing. */
    boolean copies;

    boolean copying;
    long cursor;
    long batches;
    long sent;
    long acknowledged;
    boolean synced;

    /** Up to where something may have been said that it did not have. */
    long syncedAt;

    final Queue<Sent> inFlight = new ArrayDeque<>();

    /** Whether one more goes out, however much is in flight. */
    boolean probes;

    Backup(Member member) {
      this.member = member;
    }
  }

  private record Sent(long batch, long position, boolean complete) {}

  Replicator(Desk desk, Epoch epoch, QueueState state) {
    this.desk = desk;
    this.stream = epoch;
    this.epoch = epoch;
    this.state = state;
    this.logStart = state.position();
    // What came in before is not known to be on two members: only a synced backup tells.
    this.safe = state.position() - 1;
  }

  /**
   * Goes on as another reign. Whoever was cut off may have lost all that is in flight to him, and
   * would be waited for for ever: so he is sent one step more, of which he says that it is not the
   * next.
   */
  void reign(Epoch next) {
    epoch = next;
    backups.values().forEach(backup -> backup.probes = true);
  }

  /** Whether nobody else is there to hold a copy. */
  void alone(boolean nobodyElse) {
    alone = nobodyElse;
  }

  boolean has(Member member) {
    return backups.containsKey(member);
  }

  /** Begins a stream. */
  void add(Member member, Packet.@Nullable Adopt adopt) {
    Backup backup = new Backup(member);
    backup.batches = lastBatches.getOrDefault(member, 0L);
    backup.begin = adopt;
    backup.sent = state.position();
    backup.acknowledged = state.position() - 1;
    if (adopt == null) {
      reset(backup);
    }
    backups.put(member, backup);
  }

  private void reset(Backup backup) {
    backup.begin = null;
    backup.reset = true;
    backup.copies = true;
    backup.copying = true;
    backup.cursor = 0;
    backup.synced = false;
    backup.inFlight.clear();
  }

  void remove(Member member) {
    Backup removed = backups.remove(member);
    if (removed != null) {
      lastBatches.put(member, removed.batches);
    }
  }

  List<Member> members() {
    return List.copyOf(backups.keySet());
  }

  /** Whether somebody's copy is as good as this one, if he says that he goes on with it. */
  boolean isAdopting() {
    return backups.values().stream().anyMatch(backup -> !backup.copies && !backup.synced);
  }

  /** Those whose copies have all that is safe, and will have while they are here. */
  List<Member> synced() {
    return backups.values().stream().filter(b -> b.synced).map(b -> b.member).toList();
  }

  /**
   * Those of them that have all that was said before they were. The race: 1. the home is alone, and
   * a message ends; 2. a backup has all but that, and the consumer hears that its end is known,
   * since the disk has it; 3. the disk names the backup, and the home is lost.
   */
  List<Member> whole() {
    return backups.values().stream()
        .filter(b -> b.synced && b.acknowledged >= b.syncedAt)
        .map(b -> b.member)
        .toList();
  }

  boolean isSynced(Member member) {
    Backup backup = backups.get(member);
    return backup != null && backup.synced;
  }

  /**
   * Whether nothing is safe by another backup alone. The race: 1. the old backup answers, and a
   * message is confirmed; 2. the new one has all until before that, and the old one is dropped; 3.
   * the home is lost before the new one has the message.
   */
  boolean hasAllThatIsSafe(Member member) {
    Backup backup = backups.get(member);
    return backup != null && backup.synced && backup.acknowledged >= safe();
  }

  /**
   * Whether there is a backup that has everything, or will have with its first answer, or need be
   * none: then nothing goes unsaved.
   */
  boolean isStrict() {
    return alone || backups.values().stream().anyMatch(backup -> backup.synced || !backup.copies);
  }

  /** All operations up to here are held by as many members as they should be. */
  long safe() {
    long now = safe;
    if (alone) {
      now = state.position();
    } else {
      long least = Long.MAX_VALUE;
      for (Backup backup : backups.values()) {
        if (backup.synced) {
          least = Math.min(least, backup.acknowledged);
        }
      }
      if (least != Long.MAX_VALUE) {
        now = Math.max(now, least);
      }
    }
    safe = now;
    return now;
  }

  /** Takes an operation that was just applied to the state. */
  void record(Op op) {
    if (backups.isEmpty()) {
      log.clear();
      logStart = state.position();
    } else {
      log.add(op);
    }
  }

  /**
   * Up to where the one backup is told, whether it has answered yet or not; what is sent to it now
   * comes behind that. -1 if the member is not the one. Not while there are two: 1. the old one
   * begins what it was just told; 2. it is dropped, and forgets; 3. the home is lost before the new
   * one has that.
   */
  long told(Member member) {
    Backup one = theOne();
    return one != null && one.member.equals(member) ? one.sent : -1;
  }

  /** {@link #told} of the one backup; -1 if there are several, or none that has everything. */
  long toldAll() {
    Backup one = theOne();
    return one == null ? -1 : one.sent;
  }

  private @Nullable Backup theOne() {
    if (backups.size() != 1) {
      return null;
    }
    Backup one = backups.values().iterator().next();
    return one.synced && !one.reset && !one.copying ? one : null;
  }

  /**
   * Whether all that is not sent, and one operation more, go to the one backup in the next step.
   */
  boolean isBrief() {
    Backup one = theOne();
    if (one == null || one.inFlight.size() >= IN_FLIGHT) {
      return false;
    }
    int from = Math.toIntExact(one.sent - logStart);
    if (log.size() - from >= BRIEF_OPS) {
      return false;
    }
    int bytes = 0;
    for (int i = from; i < log.size(); i++) {
      bytes += size(log.get(i));
    }
    return bytes < BATCH_BYTES;
  }

  /** Whether no backup was sent the operation at that position yet. */
  boolean isUnsent(long at) {
    return backups.values().stream().allMatch(backup -> backup.sent < at);
  }

  /** Whether there is a backup and something to send. */
  boolean hasUnsent() {
    return backups.values().stream().anyMatch(backup -> backup.sent < state.position());
  }

  /** The last step that was sent to a backup that has everything; null if the member is none. */
  Packet.@Nullable Step lastStep(Member member) {
    Backup backup = backups.get(member);
    return backup != null && backup.synced ? new Packet.Step(stream, backup.batches) : null;
  }

  /**
   * A backup has answered.
   *
   * @return whether it can't go on, nor has it begun what was handed out to it meanwhile
   */
  boolean refused(Member from, Packet.Replicated ack) {
    Backup backup = backups.get(from);
    if (backup == null
        || !ack.stream().equals(stream)
        || backup.inFlight.stream().noneMatch(s -> s.batch == ack.batch())) {
      return false;
    }
    if (!ack.ok()) {
      reset(backup);
      return true;
    }
    while (!backup.inFlight.isEmpty() && backup.inFlight.element().batch <= ack.batch()) {
      Sent sent = backup.inFlight.remove();
      backup.acknowledged = sent.position;
      if (sent.complete && !backup.synced) {
        backup.synced = true;
        backup.syncedAt = backup.copies ? state.position() : backup.acknowledged;
      }
    }
    return false;
  }

  /** Sends what there is to send. */
  void flush() {
    for (Backup backup : backups.values()) {
      while ((backup.inFlight.size() < IN_FLIGHT || backup.probes) && hasMore(backup)) {
        send(backup);
      }
    }
    trim();
  }

  private boolean hasMore(Backup backup) {
    return backup.begin != null || backup.reset || backup.copying || backup.sent < state.position();
  }

  private void send(Backup backup) {
    if (backup.reset) {
      backup.begin = new Packet.Reset(state.head());
      backup.reset = false;
      backup.sent = state.position();
    }
    List<Op> ops = next(backup);
    Packet.Begin begin = backup.begin;
    backup.begin = null;
    List<Entry> entries = List.of();
    boolean complete = begin instanceof Packet.Adopt;
    if (backup.copying && backup.sent == state.position()) {
      entries = state.after(backup.cursor, desk.chunk()).stream().map(Entry::copy).toList();
      if (entries.isEmpty()) {
        backup.copying = false;
        complete = true;
      } else {
        backup.cursor = entries.get(entries.size() - 1).seq;
      }
    }
    long batch = ++backup.batches;
    backup.probes = false;
    backup.inFlight.add(new Sent(batch, backup.sent, complete));
    desk.send(
        backup.member, new Packet.Replicate(epoch, stream, batch, begin, ops, entries, complete));
  }

  private List<Op> next(Backup backup) {
    int from = Math.toIntExact(backup.sent - logStart);
    int to = from;
    int bytes = 0;
    while (to < log.size() && to - from < BATCH_OPS && bytes < BATCH_BYTES) {
      bytes += size(log.get(to));
      to++;
    }
    backup.sent += to - from;
    return List.copyOf(log.subList(from, to));
  }

  private static int size(Op op) {
    return op instanceof Op.Add add ? add.letter().size() : 24;
  }

  private void trim() {
    long least = state.position();
    for (Backup backup : backups.values()) {
      least = Math.min(least, backup.sent);
    }
    log.subList(0, Math.toIntExact(least - logStart)).clear();
    logStart = least;
  }
}
