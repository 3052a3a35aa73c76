/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;

/**
 * A queue's home for the length of one reign: takes messages in, has them copied, hands them out.
 *
 * <p>Each change goes through the log, each message that says so through the gate.
 */
final class Dispatcher {
  private final Desk desk;
  private Epoch epoch;
  private Epoch secured;
  private final QueueState state;
  private final Replicator replicator;
  private final Spool spool;
  private final Log log;
  private final Gate gate;
  private final Outbox outbox;
  private final Handout handout;
  private final Admission admission;
  private final Questions questions;
  private View view;
  private Member target;
  private long reignedAt;
  private boolean tidy;

  /**
   * Begins a reign with a copy of the queue.
   *
   * @param adoptable members that hold the same copy, in the order of their rank
   * @param united the reigns of copies from the other side of a split
   * @param more messages from there
   * @param settings of the queue, if its copy has none
   * @param secured the last reign in which something was confirmed
   * @param fromDisk whether the disk was read
   */
  Dispatcher(
      Desk desk,
      Epoch epoch,
      QueueState state,
      View view,
      List<Member> adoptable,
      List<Epoch> united,
      List<Entry> more,
      @Nullable Settings settings,
      Epoch secured,
      boolean fromDisk) {
    this.desk = desk;
    this.epoch = epoch;
    this.state = state;
    this.view = view;
    String doubted = doubted();
    Packet.Adopt adopt = new Packet.Adopt(state.epoch(), state.position());
    state.reign(epoch);
    this.reignedAt = state.position();
    this.secured = view.members().size() == 1 ? epoch : secured;
    this.target = target(view);
    this.replicator = new Replicator(desk, epoch, state);
    replicator.alone(view.members().size() == 1);
    if (!target.equals(desk.self())) {
      replicator.add(target, adoptable.contains(target) ? adopt : null);
      if (!adoptable.isEmpty() && !adoptable.contains(target)) {
        // Until the backup has everything, somebody does.
        replicator.add(adoptable.get(0), adopt);
      }
    }
    Settings own = state.settings() == null ? settings : state.settings();
    this.spool = new Spool(desk, own == null ? null : own.persist(), epoch, state, fromDisk);
    this.log = new Log(state, replicator, spool);
    this.gate = new Gate(desk);
    this.outbox = new Outbox(desk, epoch, replicator::lastStep);
    this.handout = new Handout(desk, log, gate, outbox, this::buried);
    this.admission = new Admission(desk, log, gate, outbox, handout);
    this.questions = new Questions(desk, log, gate, handout, this::tellOfEnd);
    if (doubted != null) {
      var unused = log.append(new Op.Doubt(doubted));
    }
    if (!united.isEmpty()) {
      var unused = log.append(new Op.Unite(united));
    }
    if (settings != null) {
      questions.define(settings);
    }
    if (!more.isEmpty()) {
      Set<Origin> here = origins(entry -> true);
      more.forEach(other -> unite(other, here));
    }
    state.forEach(this::tellIfDead);
    forgetOutsiders();
    view.members().forEach(this::tellReady);
  }

  /** The last home, if it is lost and may have begun what is not in the copy. */
  private @Nullable String doubted() {
    String last = state.epoch().home();
    boolean isHere = view.members().stream().anyMatch(member -> member.id().equals(last));
    return state.doubts().ahead() && !isHere ? last : null;
  }

  private Member target(View now) {
    return now.rank().size() > 1 ? now.rank().get(1) : desk.self();
  }

  /** A message of the other copy; one that both have is the one that is here. */
  private void unite(Entry other, Set<Origin> here) {
    Letter letter = other.letter;
    String id = letter.traits.dedupeId();
    if (state.hasSeenFor(letter)
        || (id != null && state.hasId(id))
        || !here.add(Origin.of(letter))) {
      return;
    }
    Entry entry = log.append(new Op.Add(letter, 0, desk.now()));
    String cause = other.cause;
    if (entry == null) {
      return;
    }
    entry.addedAt = log.position();
    if (other.hands > 0) {
      var unused =
          log.append(
              new Op.Recall(entry.seq, other.hands, other.failures, other.crashes, other.history));
    }
    if (other.status == Entry.Status.DEAD && cause != null) {
      var unused = log.append(new Op.Bury(entry.seq, cause, other.diedAt));
    } else {
      handout.enter(entry);
    }
  }

  /**
   * Messages that are here of producers that were forgotten as lost: only cut off, they come back
   * and send again what nobody has confirmed to them.
   */
  private Set<Origin> orphans() {
    return origins(entry -> !state.hasSeen(entry.letter.producer, entry.letter.number));
  }

  private Set<Origin> origins(Predicate<Entry> which) {
    Set<Origin> found = new HashSet<>();
    state.forEach(
        entry -> {
          if (which.test(entry)) {
            found.add(Origin.of(entry.letter));
          }
        });
    return found;
  }

  Epoch epoch() {
    return epoch;
  }

  // ---- members

  /**
   * Goes on with other members, as the home of them as well, but as another reign. For somebody may
   * reign over a copy of the last one: 1. this member is taken for lost, while it pauses; 2. its
   * backup becomes home, of what the reign had until then; 3. they meet again, and this member sees
   * a view like the one it had. What comes in here from now on must be told from what the other
   * copy has. All hear of the new reign, and who knows of a later one says so.
   */
  void install(View now, Epoch next) {
    view = now;
    outbox.reign(next);
    replicator.reign(next);
    epoch = next;
    var unused = log.append(new Op.Reign(next));
    reignedAt = log.position();
    tidy = false;
    now.members().forEach(this::tellReady);
    replicator.members().stream().filter(m -> !now.has(m)).forEach(replicator::remove);
    replicator.alone(now.members().size() == 1);
    secured = now.members().size() == 1 ? epoch : secured;
    changeTarget(target(now));
    forgetOutsiders();
  }

  private void tellReady(Member member) {
    desk.send(member, new Packet.Ready(epoch, secured, spool.isOff() ? null : state.settings()));
  }

  /** Tells a member of the view who reigns. */
  void greet(Member member) {
    if (view.has(member)) {
      tellReady(member);
    }
  }

  /** Whether a copy has, or may have, what this one never had. */
  boolean isForeign(Packet.Holding other) {
    return !state.lineage().has(other.epoch());
  }

  private void changeTarget(Member next) {
    target = next;
    if (!next.equals(desk.self()) && !replicator.has(next)) {
      replicator.add(next, null);
      if (!desk.apply(Rule.KEEP_THE_OLD_BACKUP)) {
        replicator.members().stream().filter(m -> !m.equals(next)).forEach(replicator::remove);
      }
    }
  }

  /** Once the backup has everything, this reign included, nobody else need have anything. */
  private void dropOldBackups() {
    if (tidy
        || !replicator.hasAllThatIsSafe(target)
        || replicator.safe() < reignedAt
        || !spool.names(target)) {
      return;
    }
    tidy = true;
    secured = epoch;
    for (Member member : view.members()) {
      if (!member.equals(target) && !member.equals(desk.self())) {
        replicator.remove(member);
        if (desk.apply(Rule.FORGET_OLD_COPIES)) {
          desk.send(member, new Packet.Forget(epoch, state.lineage()));
        }
      }
    }
  }

  private void forgetOutsiders() {
    handout.holdersOutside(view.members()).forEach(handout::lost);
    for (Member listener : handout.listenersOutside(view.members())) {
      handout.lost(listener);
    }
    List<String> ids = view.members().stream().map(Member::id).toList();
    for (String producer : state.producers()) {
      if (!ids.contains(producer)) {
        var unused = log.append(new Op.Gone(producer));
      }
    }
    admission.keepOnly(view.members());
    questions.keepOnly(view.members());
    admission.orphans(orphans());
  }

  // ---- messages

  void enqueue(Member from, Packet.Enqueue batch) {
    if (view.has(from)) {
      admission.enqueue(from, batch);
    }
  }

  void subscribe(Member from, Packet.Subscribe subscribe) {
    if (view.has(from)) {
      handout.subscribe(from, subscribe);
    }
  }

  void settle(Member from, Packet.Settle settle) {
    settle.settlements().forEach(settlement -> handout.settle(from, settlement));
  }

  /** The member leaves in order. */
  void leave() {
    handout.leave();
  }

  void replicated(Member from, Packet.Replicated ack) {
    if (replicator.refused(from, ack)) {
      handout.again(from);
    }
  }

  /** To do at the end of a turn, whatever came in it. */
  void flush() {
    questions.rates();
    forgetIds();
    admission.run();
    handout.run();
    admission.run();
    nameHolders();
    dropOldBackups();
    nameHolders();
    replicator.flush();
    gate.release(replicator.safe(), replicator.isStrict(), replicator::told, replicator.toldAll());
    spool.flush();
    outbox.flush();
  }

  /** Not while a copy that is as good as this one has yet to say that it goes on. */
  private void nameHolders() {
    if (spool.isOff()) {
      return;
    }
    if (replicator.isAdopting()) {
      spool.holdersChange(epoch);
    } else {
      Set<String> holders = new HashSet<>();
      holders.add(desk.self().id());
      List<Member> backups =
          desk.apply(Rule.NAME_WHO_HAS_ALL) ? replicator.whole() : replicator.synced();
      backups.forEach(member -> holders.add(member.id()));
      spool.holders(epoch, holders);
    }
  }

  /** The disk has a batch, or has refused it. */
  void kept(Epoch reign, long batch, @Nullable String failure) {
    if (spool.wrote(reign)) {
      spool.written(batch, failure);
    }
  }

  /** Whether what was written under that reign is of this home. */
  boolean wrote(Epoch reign) {
    return spool.wrote(reign);
  }

  /** Whether it is not said yet how the queue is. */
  boolean isUndefined() {
    return state.settings() == null;
  }

  private void forgetIds() {
    Long oldest = state.oldestId();
    long before = desk.now() - state.settingsOrDefault().dedupeWindow();
    if (oldest != null && oldest < before) {
      var unused = log.append(new Op.ForgetIds(before));
    }
  }

  long next() {
    return Math.min(handout.next(), spool.next());
  }

  /** Whether another member has everything, or nobody is there to have it. */
  boolean isSaved() {
    return replicator.isStrict() && replicator.safe() >= state.position() && isKept();
  }

  /** Whether all is on the disk, and that the backup has it. */
  private boolean isKept() {
    return spool.isClear() && (target.equals(desk.self()) || spool.names(target));
  }

  /** Again, since the last home may have gone before it could tell. */
  private void tellIfDead(Entry entry) {
    String cause = entry.cause;
    if (entry.status == Entry.Status.DEAD && cause != null) {
      tellOfEnd(entry, cause);
    }
  }

  private void tellOfEnd(Entry entry, String cause) {
    Effect told = new Effect.Buried(entry.letter, entry.attempt() - 1, cause, entry.diedAt);
    gate.confirm(log.position(), () -> desk.perform(told));
  }

  /** Who waits for a reply hears that there will be none. */
  private void buried(Entry entry) {
    tellIfDead(entry);
    Traits traits = entry.letter.traits;
    String correlation = traits.correlationId();
    String cause = entry.cause;
    if (traits.replyTo() == null || correlation == null || cause == null) {
      return;
    }
    for (Member member : view.members()) {
      if (member.id().equals(traits.replyTo())) {
        gate.follow(
            log.position(),
            entry.addedAt,
            () -> desk.send(member, new Packet.Response(correlation, null, cause)));
      }
    }
  }

  // ---- questions

  void ask(Member from, Packet.Ask ask) {
    questions.ask(from, ask);
  }
}
