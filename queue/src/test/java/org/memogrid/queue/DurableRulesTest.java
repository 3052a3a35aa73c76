/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
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
    return lastBatch();
  }

  @Test
  void nothingIsConfirmedBeforeTheDiskSaysWhoseCopiesCount() {
    assertThat(isConfirmedBeforeTheDiskSaysByWhom(Set.of())).isFalse();
    assertThat(isConfirmedBeforeTheDiskSaysByWhom(Set.of(Rule.CONFIRM_WHEN_NAMED))).isTrue();
  }

  private boolean handsOutUnnamed(Set<Rule> off) {
    Spool spool = new Spool(desk(off), PLACE, LATER, new QueueState(), true);
    spool.holders(LATER, Set.of("n0#1"));
    boolean early = spool.mayHandOut();
    spool.flush();
    early |= spool.mayHandOut();
    spool.written(batch(), null);
    assertThat(spool.mayHandOut()).isTrue();
    return early;
  }

  /** After the end of all two members may take themselves for the home, and read the same. */
  @Test
  void whatWasReadIsHandedOutWhenItsHomeIsNamed() {
    assertThat(handsOutUnnamed(Set.of())).isFalse();
    assertThat(handsOutUnnamed(Set.of(Rule.HAND_OUT_WHEN_NAMED))).isTrue();
  }

  private List<Packet.Replicate> replicated() {
    return effects.stream()
        .filter(Effect.Send.class::isInstance)
        .map(effect -> ((Effect.Send) effect).packet())
        .filter(Packet.Replicate.class::isInstance)
        .map(Packet.Replicate.class::cast)
        .toList();
  }

  private boolean isNamed(Member member) {
    return effects.stream()
        .filter(Effect.Keep.class::isInstance)
        .map(effect -> ((Effect.Keep) effect).holders())
        .anyMatch(holders -> holders != null && holders.members().contains(member.id()));
  }

  /**
   * The race: 1. a home is alone, and something happens; 2. a backup has all but that; 3. the disk
   * names the backup, and the home is lost.
   */
  private boolean isNamedBeforeItHasAll(Set<Rule> off) {
    effects.clear();
    Settings durable = Settings.DEFAULT.persist(PLACE);
    Epoch reign = new Epoch(5, HOME.id());
    Dispatcher home =
        new Dispatcher(
            desk(off),
            reign,
            copy(OLD, durable, "a"),
            View.of("q", 5, List.of(HOME, OTHER)),
            List.of(),
            List.of(),
            List.of(),
            durable,
            Epoch.NONE,
            false);
    home.flush();
    home.kept(reign, batch(), null);
    List<Packet.Replicate> all = replicated();
    home.ask(HOME, new Packet.Ask(1, new Packet.SetPaused(true)));
    home.flush();
    all.forEach(each -> answer(home, each));
    home.flush();
    write(home, reign);
    boolean early = isNamed(OTHER);
    List<Packet.Replicate> more = replicated();
    more.subList(all.size(), more.size()).forEach(each -> answer(home, each));
    home.flush();
    write(home, reign);
    assertThat(isNamed(OTHER)).isTrue();
    return early;
  }

  private static void answer(Dispatcher home, Packet.Replicate batch) {
    home.replicated(
        OTHER, new Packet.Replicated(batch.stream(), batch.batch(), true, batch.epoch()));
  }

  /** All that is to be. */
  private void write(Dispatcher home, Epoch reign) {
    for (long last = 0; last < lastBatch(); ) {
      last = lastBatch();
      home.kept(reign, last, null);
      home.flush();
    }
  }

  private long lastBatch() {
    return effects.stream()
        .filter(Effect.Keep.class::isInstance)
        .mapToLong(effect -> ((Effect.Keep) effect).number())
        .max()
        .orElse(0);
  }

  @Test
  void theDiskNamesABackupThatHasAllThatWasConfirmedWithoutIt() {
    assertThat(isNamedBeforeItHasAll(Set.of())).isFalse();
    assertThat(isNamedBeforeItHasAll(Set.of(Rule.NAME_WHO_HAS_ALL))).isTrue();
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

  // ---- copies of a queue that was in memory alone

  private static QueueState copy(Epoch reign, @Nullable Settings settings, String... producers) {
    QueueState copy = new QueueState();
    copy.reign(reign);
    if (settings != null) {
      var unused = copy.apply(new Op.Define(settings));
    }
    for (String producer : producers) {
      var unused =
          copy.apply(new Op.Add(new Letter(producer, 1, 1, Traits.PLAIN, new byte[1]), 0, 1));
    }
    return copy;
  }

  private static Packet.Holding holding(QueueState copy) {
    QueueState.Head head = copy.head();
    return new Packet.Holding(
        copy.epoch(),
        head.position(),
        head.lineage(),
        head.lastBorn(),
        head.nextSeq(),
        head.settings());
  }

  private Recovery recovery(Desk desk, Replica own) {
    Recovery recovery =
        new Recovery(desk, new Epoch(9, "n0#1"), View.of("q", 9, List.of(HOME, OTHER)), own);
    recovery.ask();
    return recovery;
  }

  private static void fetched(Recovery recovery, QueueState copy) {
    List<Entry> entries = new ArrayList<>();
    copy.forEach(entries::add);
    recovery.chunk(OTHER, new Packet.Chunk(recovery.epoch(), 0, copy.head(), entries, true));
  }

  private boolean looks() {
    return effects.stream().anyMatch(Effect.Look.class::isInstance);
  }

  private boolean loads() {
    return effects.stream().anyMatch(Effect.Load.class::isInstance);
  }

  private static List<String> producers(Replica own) {
    QueueState state = requireNonNull(own.state());
    List<String> producers = new ArrayList<>();
    state.forEach(entry -> producers.add(entry.letter.producer));
    return producers;
  }

  /** The larger copy is of one side of a split, which did not know that the queue is durable. */
  @Test
  void aDurableCopyGoesOnRatherThanALargerOneInMemory() {
    Desk desk = desk(Set.of());
    Replica own = new Replica(desk);
    own.own(copy(OLD, Settings.DEFAULT, "a", "b", "c"));
    QueueState durable = copy(LATER, Settings.DEFAULT.persist(PLACE), "d");
    Recovery recovery = recovery(desk, own);
    recovery.held(
        OTHER, new Packet.Held(recovery.epoch(), recovery.epoch(), holding(durable), Epoch.NONE));
    fetched(recovery, durable);
    assertThat(looks()).isTrue();
    recovery.looked(new Kept.Holders(LATER, 0, Set.of(OTHER.id()), durable.head().lineage()));
    assertThat(recovery.isDone()).isTrue();
    var unused = recovery.reign();
    assertThat(producers(own)).containsExactlyInAnyOrder("a", "b", "c", "d");
  }

  /** A later home took in what this copy has, and wrote it; what is not on the disk has ended. */
  @Test
  void aCopyInMemoryThatALaterHomeHadGivesWayToTheDisk() {
    for (boolean had : List.of(true, false)) {
      effects.clear();
      Desk desk = desk(Set.of());
      Replica own = new Replica(desk);
      own.own(copy(OLD, null, "ended"));
      Recovery recovery = recovery(desk, own);
      recovery.held(
          OTHER,
          new Packet.Held(
              recovery.epoch(),
              recovery.epoch(),
              null,
              Epoch.NONE,
              Settings.DEFAULT.persist(PLACE)));
      assertThat(loads()).isTrue();
      Lineage named = had ? Lineage.NONE.with(OLD, 1).with(LATER, 2) : Lineage.NONE.with(LATER, 1);
      recovery.loaded(List.of(new Kept.Holders(LATER, 0, Set.of("n2#1"), named)));
      var unused = recovery.reign();
      assertThat(producers(own)).isEqualTo(had ? List.of() : List.of("ended"));
    }
  }

  /** The same of one beside a durable copy that the disk does not name. */
  @Test
  void whatACopyInMemoryHasMoreAndTheDiskKnowsDoesNotComeInAgain() {
    for (boolean known : List.of(true, false)) {
      effects.clear();
      Desk desk = desk(Set.of());
      Replica own = new Replica(desk);
      own.own(copy(OLD, Settings.DEFAULT, "ended"));
      QueueState durable = copy(new Epoch(4, "n1#1"), Settings.DEFAULT.persist(PLACE), "d");
      Recovery recovery = recovery(desk, own);
      recovery.held(
          OTHER, new Packet.Held(recovery.epoch(), recovery.epoch(), holding(durable), Epoch.NONE));
      fetched(recovery, durable);
      Lineage named =
          known ? Lineage.NONE.with(OLD, 1).with(LATER, 9) : Lineage.NONE.with(LATER, 9);
      Kept holders = new Kept.Holders(LATER, 0, Set.of("n2#1"), named);
      recovery.looked((Kept.Holders) holders);
      assertThat(loads()).isTrue();
      recovery.loaded(List.of(holders));
      var unused = recovery.reign();
      assertThat(producers(own)).isEqualTo(known ? List.of() : List.of("ended"));
    }
  }
}
