/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Single decisions of a {@link RecoveryCore}; what follows of many, {@link RecoverySimTest}. */
class RecoveryCoreTest {
  private static final long BORN = 100;

  private final List<Effect> effects = new ArrayList<>();

  private RecoveryCore core(String self, Set<String> lives, Roster roster, Rule... off) {
    return new RecoveryCore(self, lives, roster, BORN, Rules.without(Set.of(off)), effects::add);
  }

  private static Roster roster(long generation, int topology, String... owners) {
    List<String> all = List.of(owners);
    return new Roster("l", List.of(new Holding(new Epoch(generation, topology), all, all)));
  }

  private static Layout layout(int topology, List<String> readers, List<String> writers) {
    return new Layout(topology, List.of(readers), List.of(writers));
  }

  private static Announcement says(String life, long generation, boolean holds, Roster roster) {
    return new Announcement(life, Set.of(life), generation, holds, roster, Set.of());
  }

  private <T> List<T> all(Class<T> type) {
    return effects.stream().filter(type::isInstance).map(type::cast).toList();
  }

  @Test
  void aNewCacheIsServedAtOnceByARosterOnTheDisk() {
    RecoveryCore core = core("a1", Set.of(), Roster.empty(1));
    core.onView(List.of("a1"));
    core.onLayout(layout(1, List.of("a1"), List.of("a1")));
    assertThat(core.serves()).isTrue();
    Effect.Write last = all(Effect.Write.class).get(all(Effect.Write.class).size() - 1);
    assertThat(last.roster()).isEqualTo(new Roster("a1@" + BORN, roster(BORN, 1, "a1").segments()));
    assertThat(effects.lastIndexOf(last)).isLessThan(effects.indexOf(new Effect.Serve(true)));
  }

  /** A cache is destroyed and opened anew by one process: whoever has the former one is refused. */
  @Test
  void oneProcessMayBeginTwoHistories() {
    List<Roster> begun = new ArrayList<>();
    for (long born : List.of(BORN, BORN + 1)) {
      effects.clear();
      RecoveryCore core =
          new RecoveryCore("a1", Set.of(), Roster.empty(1), born, Rules.all(), effects::add);
      core.onView(List.of("a1"));
      core.onLayout(layout(1, List.of("a1"), List.of("a1")));
      begun.add(last());
    }
    effects.clear();
    RecoveryCore away = core("b1", Set.of(), begun.get(0));
    away.onView(List.of("a1", "b1"));
    away.onHeard(says("a1", BORN + 1, false, begun.get(1)));
    assertThat(all(Effect.Refuse.class)).containsExactly(new Effect.Refuse(begun.get(1).lineage()));
  }

  @Test
  void waitsForAllThatMayKnowBetterAndThenPutsBackWhatTheFirstOwnerHas() {
    RecoveryCore core = core("a2", Set.of("a1"), roster(5, 3, "a1", "b1"));
    core.onView(List.of("a2"));
    core.onLayout(layout(1, List.of("a2"), List.of("a2")));
    assertThat(core.missing()).containsExactly("b1");
    assertThat(all(Effect.PutBack.class)).isEmpty();

    core.onView(List.of("a2", "b2"));
    core.onHeard(
        new Announcement("b2", Set.of("b1", "b2"), 0, true, roster(5, 3, "a1", "b1"), Set.of()));
    assertThat(core.missing()).isEmpty();
    assertThat(all(Effect.PutBack.class)).containsExactly(new Effect.PutBack(0, "a1", 1));
    assertThat(core.serves()).isFalse();

    core.onPutBack(Map.of(0, 1L));
    assertThat(core.serves()).isTrue();
    assertThat(all(Effect.Forget.class)).hasSize(1);
  }

  @Test
  void aCopyThatIsOlderIsNotPutBack() {
    RecoveryCore core = core("a2", Set.of("a1"), roster(5, 3, "a1", "b1"));
    core.onView(List.of("a2", "b2"));
    core.onHeard(new Announcement("b2", Set.of("b1", "b2"), 0, true, roster(5, 4, "b1"), Set.of()));
    core.onLayout(layout(1, List.of("a2"), List.of("a2")));
    assertThat(all(Effect.PutBack.class)).isEmpty();
    assertThat(core.serves()).isFalse();
  }

  @Test
  void anOperatorMayGoOnWithoutThoseThatAreMissing() {
    RecoveryCore core = core("a2", Set.of("a1"), roster(5, 3, "b1", "a1"));
    core.onView(List.of("a2"));
    core.onLayout(layout(1, List.of("a2"), List.of("a2")));
    core.goOnWithoutMissing();
    assertThat(core.missing()).isEmpty();
    assertThat(all(Effect.PutBack.class)).containsExactly(new Effect.PutBack(0, "a1", 1));
  }

  /**
   *
   *
   * <ol>
   *   <li>b1 is killed and comes back as b2 before a1 has noticed: a1 still names b1 as the first
   *       owner.
   *   <li>a1 notices, serves alone and removes a key.
   *   <li>b2, which knows nothing of that yet, puts the key back.
   * </ol>
   */
  @Test
  void putsNothingBackIntoACacheThatIsServed() {
    assertThat(putBackByOneThatKnowsTooLittle()).isEmpty();
    effects.clear();
    assertThat(putBackByOneThatKnowsTooLittle(Rule.ALL_HOLD_WHILE_PUTTING_BACK)).hasSize(1);
  }

  private List<Effect.PutBack> putBackByOneThatKnowsTooLittle(Rule... off) {
    RecoveryCore core = core("b2", Set.of("b1"), roster(5, 3, "b1", "a1"), off);
    core.onView(List.of("a1", "b2"));
    core.onHeard(says("a1", 5, false, roster(5, 3, "b1", "a1")));
    core.onLayout(layout(5, List.of("a1"), List.of("a1", "b2")));
    return all(Effect.PutBack.class);
  }

  private static final List<String> ABC = List.of("a1", "b1", "c1");

  /** A member of three that serve by the third layout of generation 5. */
  private RecoveryCore serving(String self, Rule... off) {
    RecoveryCore core = core(self, Set.of(), Roster.empty(1), off);
    core.onView(ABC);
    ABC.stream()
        .filter(each -> !each.equals(self))
        .forEach(each -> core.onHeard(says(each, 5, false, roster(5, 3, "a1", "b1", "c1"))));
    core.onLayout(layout(3, ABC, ABC));
    assertThat(core.serves()).isTrue();
    return core;
  }

  private Roster last() {
    List<Effect.Write> writes = all(Effect.Write.class);
    return writes.get(writes.size() - 1).roster();
  }

  /**
   *
   *
   * <ol>
   *   <li>c1 is cut off, is the coordinator of its own side, and refuses. The others go on.
   *   <li>All are killed, and come back.
   *   <li>What c1 had must not count as later than what the others wrote without it.
   * </ol>
   */
  @Test
  void whoIsCutOffNamesNothingLater() {
    assertThat(Holding.later(cutOff().segments().get(0), goneOn().segments().get(0)).owners())
        .containsExactly("b1", "a1");
    effects.clear();
    Holding wrong = cutOff(Rule.MISTRUST_A_CUT).segments().get(0);
    assertThat(Holding.later(wrong, goneOn().segments().get(0)).owners()).contains("c1");
  }

  private Roster cutOff(Rule... off) {
    RecoveryCore core = serving("c1", off);
    core.onView(List.of("c1"));
    core.onCut();
    assertThat(core.serves()).isEqualTo(off.length > 0);
    assertThat(core.missing()).isEmpty();
    if (off.length > 0) { // what is decided on that side
      core.onLayout(layout(4, List.of("c1"), List.of("c1")));
    }
    return last();
  }

  /**
   *
   *
   * <ol>
   *   <li>The coordinator decides layout 4, and c1 is cut off.
   *   <li>c1 sees that it is alone, so that it is a coordinator, and only then that layout.
   *   <li>The others go on. All are killed, and come back.
   * </ol>
   */
  @Test
  void whoIsCutOffDoesNotNumberWhatItsPredecessorDecided() {
    assertThat(Holding.later(late().segments().get(0), goneOn().segments().get(0)).owners())
        .containsExactly("b1", "a1");
    effects.clear();
    Holding wrong = late(Rule.NUMBER_OWN_LAYOUTS).segments().get(0);
    assertThat(Holding.later(wrong, goneOn().segments().get(0)).owners()).contains("c1");
  }

  private Roster late(Rule... off) {
    RecoveryCore core = serving("c1", off);
    core.onView(List.of("c1"));
    core.onLayout(layout(4, ABC, ABC));
    core.onCut();
    return last();
  }

  /** One that is left, or has the most of them, decides the next without the others. */
  @Test
  void whoTakesOverNumbersWhatItDecidesAfterThat() {
    RecoveryCore core = serving("c1");
    core.onView(List.of("c1"));
    core.onLayout(layout(4, ABC, ABC));
    core.onLayout(layout(5, List.of("c1"), List.of("c1")));
    assertThat(last()).isEqualTo(roster(6, 5, "c1"));
  }

  /** The rosters of the others: b1 is the coordinator now. */
  private static Roster goneOn() {
    return roster(5, 5, "b1", "a1");
  }

  @Test
  void whoIsBackFromACutServesByWhatTheOthersSay() {
    for (boolean heardFirst : List.of(true, false)) {
      effects.clear();
      RecoveryCore core = serving("c1");
      core.onView(List.of("c1"));
      core.onCut();
      core.onView(List.of("b1", "a1", "c1"));
      Announcement others = says("b1", 5, false, roster(5, 7, "b1", "a1"));
      Announcement same = says("a1", 5, false, roster(5, 7, "b1", "a1"));
      if (heardFirst) {
        core.onHeard(others);
        core.onHeard(same);
      }
      core.onLayout(layout(7, List.of("b1", "a1"), List.of("b1", "a1")));
      if (!heardFirst) {
        assertThat(core.serves()).isFalse();
        core.onHeard(others);
        core.onHeard(same);
      }
      assertThat(core.serves()).isTrue();
      assertThat(last()).isEqualTo(roster(5, 7, "b1", "a1"));
      assertThat(all(Effect.PutBack.class)).isEmpty();
    }
  }

  /** Both sides refused, and nobody saw what the others did. */
  @Test
  void whereBothSidesWereCutOffAllIsPutBackWhereItIs() {
    RecoveryCore core = serving("a1");
    core.onView(List.of("a1"));
    core.onCut();
    core.onView(ABC);
    core.onLayout(layout(6, ABC, ABC));
    assertThat(core.serves()).isFalse();
    core.onHeard(says("b1", 5, true, roster(5, 3, "a1", "b1", "c1")));
    core.onHeard(says("c1", 5, true, roster(5, 3, "a1", "b1", "c1")));
    assertThat(all(Effect.PutBack.class)).containsExactly(new Effect.PutBack(0, "a1", 1));
    core.onPutBack(Map.of(0, 1L));
    assertThat(core.serves()).isTrue();
  }

  @Test
  void whatWasPutBackWhenItWasCutOffIsPutBackAgain() {
    RecoveryCore core = core("a2", Set.of("a1"), roster(5, 3, "a1"));
    core.onView(List.of("a2"));
    core.onLayout(layout(1, List.of("a2"), List.of("a2")));
    core.onCut();
    core.onPutBack(Map.of(0, 1L));
    assertThat(core.serves()).isFalse();
    core.onLayout(layout(3, List.of("a2"), List.of("a2")));
    assertThat(core.serves()).isFalse();
    assertThat(all(Effect.PutBack.class)).hasSize(2);
  }
}
