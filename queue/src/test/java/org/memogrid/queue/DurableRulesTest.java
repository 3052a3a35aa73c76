/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Member;

/** What durable queues keep to, where a simulated life seldom comes to it, with and without. */
class DurableRulesTest {
  private static final Member HOME = new Member("n0", "n0#1");
  private static final Member OTHER = new Member("n1", "n1#1");
  private static final Persist PLACE = Persist.file(Path.of("/spool"));
  private static final Epoch OLD = new Epoch(3, "n1#1");
  private static final Epoch LATER = new Epoch(5, "n2#1");

  private final List<Effect> effects = new ArrayList<>();

  private Desk desk(Set<Rule> off) {
    return new Desk("q", HOME, Rules.without(off), () -> 1_000, 1_000, effects::add);
  }

  /**
   * The race: 1. a backup is lost, and its home goes on confirming alone; 2. the disk does not say
   * so yet; 3. the home is lost, and the backup comes back, which the disk still names.
   */
  private boolean isConfirmedBeforeTheDiskSaysByWhom(Set<Rule> off) {
    Spool spool = new Spool(desk(off), PLACE, LATER, new QueueState(), false);
    List<String> told = new ArrayList<>();
    spool.holdersChange(LATER);
    spool.confirm(spool.mark(), told::add, () -> told.add("confirmed"));
    spool.flush();
    boolean early = !told.isEmpty();
    spool.holders(LATER, Set.of("n0#1"));
    spool.flush();
    early |= !told.isEmpty();
    while (told.isEmpty()) {
      spool.written(batch(), null);
      spool.flush();
    }
    assertThat(told).containsExactly("confirmed");
    return early;
  }

  private long batch() {
    return ((Effect.Keep) effects.get(effects.size() - 1)).batch();
  }

  @Test
  void nothingIsConfirmedBeforeTheDiskSaysWhoseCopiesCount() {
    assertThat(isConfirmedBeforeTheDiskSaysByWhom(Set.of())).isFalse();
    assertThat(isConfirmedBeforeTheDiskSaysByWhom(Set.of(Rule.CONFIRM_WHEN_NAMED))).isTrue();
  }

  /** Home and backup are lost together, and a third has a copy of before. */
  private boolean isReadFromDisk(Set<Rule> off, Set<String> named) {
    effects.clear();
    Desk desk = desk(off);
    Replica own = new Replica(desk);
    QueueState copy = new QueueState();
    copy.reign(OLD);
    var unused = copy.apply(new Op.Define(Settings.DEFAULT.persist(PLACE)));
    own.own(copy);
    View view = View.of("q", 9, List.of(HOME, OTHER));
    Recovery recovery = new Recovery(desk, new Epoch(9, "n0#1"), view, own);
    recovery.ask();
    recovery.held(OTHER, new Packet.Held(recovery.epoch(), recovery.epoch(), null, Epoch.NONE));
    recovery.looked(new Kept.Holders(LATER, 0, named, Lineage.NONE.with(OLD, 1).with(LATER, 1)));
    boolean reads = effects.stream().anyMatch(Effect.Load.class::isInstance);
    assertThat(recovery.isDone()).isEqualTo(!reads);
    return reads;
  }

  @Test
  void aCopyThatTheDiskDoesNotNameGivesWayToWhatIsOnTheDisk() {
    assertThat(isReadFromDisk(Set.of(), Set.of("n0#1"))).isFalse();
    assertThat(isReadFromDisk(Set.of(), Set.of("n2#1", "n3#1"))).isTrue();
    assertThat(isReadFromDisk(Set.of(Rule.TRUST_NAMED_COPIES), Set.of("n2#1"))).isFalse();
  }
}
