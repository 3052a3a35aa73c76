/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One member's part in which entries of a persistent cache are the last ones: events in, effects
 * out; no thread, no clock, no file. A <i>life</i> is a member from its start to its end, and has
 * files of its own. Not thread-safe.
 *
 * <p>A segment is <i>settled</i> when a present owner of it is known to have all its confirmed
 * writes. A member serves while all segments are; else it holds. What is not settled is put back by
 * the first owner of its last {@link Holding} that is there, once all who may know of a later one
 * are there.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>A member takes part in no topology before it has its roster of it on the disk.
 *   <li>Of a holding and any later one of the same segment, a witness of the earlier one knows the
 *       later, or knows who does: owners only go, or are added in a topology that all had as
 *       witnesses before. So, when all witnesses of the latest that is known are there, there is no
 *       later one.
 *   <li>An owner of a holding that a layout still has among its readers has all confirmed writes:
 *       the engine gives a segment to a new owner by copying it from one that has it, or because
 *       nobody is left.
 *   <li>A member that is cut off serves nobody and extends no holding: its side of a split decides
 *       layouts that are none.
 *   <li>A member that holds serves again only by a holding that is later than what it knew. So
 *       nothing is confirmed between the moment when all hold and the moment when a segment is
 *       back.
 * </ul>
 */
public final class RecoveryCore {
  private final String self;
  private final Set<String> lives;
  private final long bornAt;
  private final Rules rules;
  private final Consumer<Effect> effects;
  private final Map<String, Announcement> heard = new HashMap<>();
  private final Set<String> waived = new TreeSet<>();

  private final Sight sight;
  private final Map<Integer, Putting> putting = new HashMap<>();
  private List<String> view = List.of();
  private Roster roster;
  private Roster written;
  private long generation;
  private boolean refused;
  private boolean forgot;
  private boolean serves;

  /** Whether it is the coordinator since the last layout. */
  private boolean takesOver;

  private boolean cut;
  private long attempts;
  private Set<String> missing = Set.of();
  private @Nullable Announcement announced;

  /**
   * A segment that this member is putting back.
   *
   * @param owners who have had all puts so far
   */
  private record Putting(long attempt, List<String> owners) {}

  /**
   * @param self this life
   * @param lives former lives whose files are here
   * @param roster what is on the disk
   * @param bornAt the wall clock's milliseconds, which a new generation is at least
   */
  public RecoveryCore(
      String self, Set<String> lives, Roster roster, long bornAt, Consumer<Effect> effects) {
    this(self, lives, roster, bornAt, Rules.all(), effects);
  }

  RecoveryCore(
      String self,
      Set<String> lives,
      Roster roster,
      long bornAt,
      Rules rules,
      Consumer<Effect> effects) {
    this.self = self;
    this.lives = new HashSet<>(lives);
    this.lives.add(self);
    this.roster = roster;
    this.written = roster;
    this.bornAt = bornAt;
    this.rules = rules;
    this.sight = new Sight(rules);
    this.effects = effects;
  }

  public boolean serves() {
    return serves;
  }

  /** The lives that are waited for; empty if it is for no absent one. */
  public Set<String> missing() {
    return missing;
  }

  // ---- events

  /** Who is there, the oldest first, this member among them. */
  public void onView(List<String> members) {
    for (String each : view) {
      if (!members.contains(each)) {
        heard.remove(each);
      }
    }
    boolean coordinated = !view.isEmpty() && view.get(0).equals(self);
    view = List.copyOf(members);
    boolean coordinates = view.get(0).equals(self);
    takesOver = coordinates && (takesOver || (generation != 0 && !coordinated));
    step();
  }

  /** Each member's announcements come in the order that it made them. */
  public void onHeard(Announcement announcement) {
    if (announcement.life().equals(self)) {
      return;
    }
    heard.put(announcement.life(), announcement);
    waived.addAll(announcement.waived());
    if (generation != 0) {
      learn(announcement);
    }
    step();
  }

  /**
   * The engine refuses on this side of a split, from now until the next layout. The other side may
   * go on: what this one sees is not what is.
   */
  public void onCut() {
    cut = true;
    sight.isInterrupted();
    step();
  }

  /**
   * The engine is about to use this layout, and to serve by it; not before this returns. Those of a
   * side that is {@linkplain #onCut cut off} are none.
   */
  public void onLayout(Layout layout) {
    if (!sight.isLater(layout)) {
      return;
    }
    if (takesOver && mayDecide(layout)) {
      takesOver = false;
      if (rules.apply(Rule.NUMBER_COORDINATORS)) {
        rename(Math.max(generation, roster.lastGeneration()) + 1);
      }
    }
    sight.see(layout);
    boolean returned = cut;
    cut = false;
    if (returned && generation != 0) { // what it heard meanwhile
      others().forEach(this::learn);
    }
    putting.replaceAll((segment, each) -> moved(segment, each, layout));
    putting.values().removeIf(each -> each.owners.isEmpty());
    if (rules.apply(Rule.ROSTER_BEFORE_SERVING)) {
      step();
    } else {
      extend();
      serve(isSettled());
    }
  }

  /**
   * Whether this member may have decided it: not one with members that it does not see. Such a one
   * is its predecessor's, and came late; or nothing is confirmed by it, and the next one follows.
   */
  private boolean mayDecide(Layout layout) {
    return !rules.apply(Rule.NUMBER_OWN_LAYOUTS)
        || layout.writers().stream().distinct().allMatch(view::containsAll);
  }

  /** Puts are at all writers of the layout of then, and whoever gets the segment gets them too. */
  private Putting moved(int segment, Putting each, Layout layout) {
    List<String> readers = layout.readers().get(segment);
    boolean kept = !Collections.disjoint(each.owners, readers);
    return kept || !rules.apply(Rule.PUT_BACK_AGAIN)
        ? new Putting(each.attempt, readers)
        : new Putting(each.attempt, List.of());
  }

  /** The entries of these segments are back, by the numbers of the attempts. */
  public void onPutBack(Map<Integer, Long> attempts) {
    Layout layout = sight.now();
    if (layout == null) {
      return;
    }
    attempts.forEach(
        (segment, attempt) -> {
          Putting each = putting.get(segment);
          if (each != null && each.attempt == attempt) {
            putting.remove(segment);
            if (isCut()) {
              return; // who knows who has them
            }
            set(segment, sight.held(generation, layout, segment));
          }
        });
    step();
  }

  /** An attempt came to nothing: it is made again. */
  public void onPutBackFailed(int segment, long attempt) {
    Putting each = putting.get(segment);
    if (each != null && each.attempt == attempt) {
      putting.remove(segment);
      step();
    }
  }

  /** By the word of an operator, those that are waited for now are waited for no longer. */
  public void goOnWithoutMissing() {
    waived.addAll(missing);
    step();
  }

  // ---- what is known

  private void learn(Announcement other) {
    if (other.generation() > generation) {
      rename(other.generation());
      roster = new Roster(other.roster().lineage(), roster.segments());
    }
    if (!other.roster().lineage().equals(roster.lineage())) {
      return;
    }
    List<Holding> learned = new ArrayList<>();
    for (int segment = 0; segment < roster.segments().size(); segment++) {
      Holding mine = holding(segment);
      learned.add(
          isSettled(segment)
              ? mine // by what this member saw itself
              : Holding.later(mine, other.roster().segments().get(segment)));
    }
    roster = new Roster(roster.lineage(), learned);
  }

  /**
   * Another number for the present generation, with what is settled in it. A new coordinator takes
   * one with the first layout that it decides: what the last one decided and told nobody must not
   * count as later than what follows. Not before, and not with one that its predecessor decided:
   * one that is alone since it was cut off decides nothing.
   *
   * <ol>
   *   <li>The coordinator decides topologies 8 and 9, since two members are gone, and is killed.
   *   <li>The next one knows of 7 alone, and decides 8 again, without the three.
   *   <li>It goes on by this one, and is killed too. By the numbers the first one knew better.
   * </ol>
   *
   * <p>It is also how two clusters meet that were apart, and the engine merges what they have.
   */
  private void rename(long number) {
    List<Holding> renamed = new ArrayList<>();
    for (int segment = 0; segment < roster.segments().size(); segment++) {
      Holding each = holding(segment);
      renamed.add(
          isSettled(segment)
              ? new Holding(
                  new Epoch(number, each.at().topology()), each.owners(), each.witnesses())
              : each);
    }
    generation = number;
    roster = new Roster(roster.lineage(), renamed);
  }

  private boolean hasHeardAll() {
    return !view.isEmpty()
        && view.stream().allMatch(each -> each.equals(self) || heard.containsKey(each));
  }

  private List<Announcement> others() {
    return view.stream().filter(heard::containsKey).map(heard::get).toList();
  }

  private Holding holding(int segment) {
    return roster.segments().get(segment);
  }

  private void set(int segment, Holding holding) {
    List<Holding> changed = new ArrayList<>(roster.segments());
    changed.set(segment, holding);
    roster = new Roster(roster.lineage(), changed);
  }

  // ---- steps

  private void step() {
    if (refused) {
      return;
    }
    if (generation == 0) {
      begin();
    }
    if (generation != 0) {
      extend();
      putBack();
    }
    publish();
  }

  /** Takes part once all that are there have said what they know. */
  private void begin() {
    boolean all = hasHeardAll();
    if (!all && (rules.apply(Rule.HEAR_ALL_BEFORE_JOINING) || view.isEmpty())) {
      return;
    }
    @Nullable Announcement active = null;
    for (Announcement each : others()) {
      if (each.generation() > (active == null ? 0 : active.generation())) {
        active = each;
      }
    }
    if (active != null) {
      join(active);
    } else if (view.get(0).equals(self)) {
      found();
    }
  }

  private void join(Announcement active) {
    String lineage = active.roster().lineage();
    if (!roster.isEmpty() && !roster.lineage().equals(lineage)) {
      if (rules.apply(Rule.REFUSE_ANOTHER_HISTORY)) {
        refused = true;
        effects.accept(new Effect.Refuse(lineage));
        return;
      }
      roster = Roster.empty(roster.segments().size());
    }
    generation = active.generation();
    start(lineage);
  }

  /** The oldest member begins a generation, and a history if nobody has one. */
  private void found() {
    String lineage = roster.lineage();
    long last = roster.lastGeneration();
    for (Announcement each : others()) {
      lineage = lineage.isEmpty() ? each.roster().lineage() : lineage;
      last = Math.max(last, each.roster().lastGeneration());
    }
    generation = Math.max(last + 1, bornAt);
    sight.isWhole();
    if (lineage.isEmpty()) {
      Holding nothing = new Holding(new Epoch(generation, 0), List.of(self), List.of(self));
      lineage = self + "@" + generation; // it may begin another after it destroyed this one
      roster = new Roster(lineage, Collections.nCopies(roster.segments().size(), nothing));
    }
    start(lineage);
  }

  private void start(String lineage) {
    roster = new Roster(lineage, roster.segments());
    others().forEach(this::learn);
    publish();
    effects.accept(new Effect.Start());
  }

  /** Has what was held by the last layouts be held by the present one. */
  private void extend() {
    List<Holding> changed = new ArrayList<>(roster.segments());
    for (int segment = 0; segment < changed.size(); segment++) {
      changed.set(segment, sight.extended(generation, segment, changed.get(segment)));
    }
    roster = new Roster(roster.lineage(), changed);
  }

  private boolean isSettled() {
    for (int segment = 0; segment < roster.segments().size(); segment++) {
      if (!isSettled(segment)) {
        return false;
      }
    }
    return true;
  }

  private boolean isSettled(int segment) {
    return !isCut() && sight.isSettled(generation, segment, holding(segment));
  }

  private void putBack() {
    Layout layout = sight.now();
    missing = Set.of();
    if (layout == null || isCut()) {
      return;
    }
    putting.keySet().removeIf(this::isSettled);
    Set<String> present = new HashSet<>(lives);
    others().forEach(each -> present.addAll(each.lives()));
    Set<String> absent = new TreeSet<>();
    boolean may = hasHeardAll() && allHold();
    for (int segment = 0; segment < roster.segments().size(); segment++) {
      if (!isSettled(segment)) {
        Holding last = holding(segment);
        Set<String> wanted = new TreeSet<>(last.witnesses());
        wanted.addAll(last.owners());
        wanted.removeAll(present);
        wanted.removeAll(waived);
        if (!wanted.isEmpty() && rules.apply(Rule.WAIT_FOR_WITNESSES)) {
          absent.addAll(wanted);
        } else if (may && !putting.containsKey(segment)) {
          putBack(segment, layout, present);
        }
      }
    }
    missing = absent;
  }

  private boolean isCut() {
    return cut && rules.apply(Rule.MISTRUST_A_CUT);
  }

  private boolean allHold() {
    return !rules.apply(Rule.ALL_HOLD_WHILE_PUTTING_BACK)
        || others().stream().allMatch(Announcement::holds);
  }

  private void putBack(int segment, Layout layout, Set<String> present) {
    List<String> readers = layout.readers().get(segment);
    List<String> owners = holding(segment).owners();
    if (!rules.apply(Rule.LATEST_HOLDING_COUNTS)) {
      owners = List.copyOf(lives);
    }
    String source = owners.stream().filter(present::contains).findFirst().orElse("");
    if (source.isEmpty() ? readers.get(0).equals(self) : lives.contains(source)) {
      Epoch last = holding(segment).at();
      if (last.compareTo(new Epoch(generation, layout.topology())) > 0) {
        rename(last.generation() + 1);
      }
      attempts++;
      putting.put(segment, new Putting(attempts, readers));
      effects.accept(new Effect.PutBack(segment, source, attempts));
    }
  }

  /** First refuses, then writes, then serves: what is served by is on the disk. */
  private void publish() {
    boolean settled = generation != 0 && isSettled();
    if (!settled) {
      serve(false);
    }
    if (generation != 0 && !roster.equals(written)) {
      written = roster;
      effects.accept(new Effect.Write(roster));
    }
    if (settled) {
      serve(true);
    }
    if (!forgot
        && generation != 0
        && ((settled && !needsFormerLives()) || !rules.apply(Rule.KEEP_FORMER_LIVES))) {
      forgot = true;
      lives.retainAll(Set.of(self));
      effects.accept(new Effect.Forget());
    }
    Announcement news = new Announcement(self, lives, generation, !serves, roster, waived);
    if (!news.equals(announced)) {
      announced = news;
      effects.accept(new Effect.Announce(news));
    }
  }

  /** Whose end has not been noticed yet may be an owner still. */
  private boolean needsFormerLives() {
    return roster.segments().stream()
        .flatMap(each -> each.witnesses().stream())
        .anyMatch(each -> !each.equals(self) && lives.contains(each));
  }

  private void serve(boolean on) {
    if (serves != on) {
      serves = on;
      effects.accept(new Effect.Serve(on));
    }
  }
}
