/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.ref.WeakReference;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.infinispan.AdvancedCache;
import org.infinispan.context.Flag;
import org.infinispan.notifications.Listener;
import org.infinispan.util.logging.annotation.impl.Logged;
import org.infinispan.util.logging.events.EventLog;
import org.infinispan.util.logging.events.EventLogLevel;
import org.infinispan.util.logging.events.EventLogManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.internal.store.Envelope;
import org.memogrid.testkit.Await;

/** Which caches there are, when members differ about it and when one has ended. */
final class OptionsRegistryTest {
  private static final int MEMBERS = 3;

  private final LoopCluster cluster = new LoopCluster(new SerialCodec(), MEMBERS);

  @AfterEach
  void close() {
    cluster.close();
  }

  /** What a member leaves behind that dies while it writes, whoever orders the writes of a name. */
  private void takeFrom(int member, String name) {
    cluster
        .node(member)
        .manager()
        .getCache(OptionsRegistry.NAME)
        .getAdvancedCache()
        .withFlags(Flag.CACHE_MODE_LOCAL)
        .remove(name);
  }

  @Test
  void whoOpensACacheBringsMembersThatDifferToAgree() {
    for (int differs = 0; differs < MEMBERS; differs++) {
      String name = "opened" + differs;
      var unused = cluster.caches(0).cache(name, Mode.REPLICATED);
      takeFrom(differs, name);
      Cache<Integer, Integer> opened = cluster.caches(1).cache(name, Mode.REPLICATED);
      opened.put(1, 1);
      for (int member = 0; member < MEMBERS; member++) {
        assertThat(cluster.node(member).runs(name)).isTrue();
        assertThat(cluster.caches(member).<Integer, Integer>cache(name).get(1)).isEqualTo(1);
      }
    }
  }

  @Test
  void whoDestroysACacheBringsMembersThatDifferToAgree() {
    for (int differs = 0; differs < MEMBERS; differs++) {
      String name = "destroyed" + differs;
      Cache<Integer, Integer> opened =
          cluster.caches((differs + 1) % MEMBERS).cache(name, Mode.REPLICATED);
      takeFrom(differs, name);
      opened.destroy();
      for (int member = 0; member < MEMBERS; member++) {
        assertThat(cluster.node(member).runs(name)).isFalse();
        assertThat(cluster.caches(member).names()).doesNotContain(name);
      }
    }
  }

  /** All members have, when the call returns, and whoever had it open is told. */
  @Test
  void whatIsDestroyedHasEndedOnAllMembers() {
    Cache<Integer, Integer> first = cluster.caches(0).cache("c", Mode.REPLICATED);
    Cache<Integer, Integer> second = cluster.caches(1).cache("c", Mode.REPLICATED);
    first.put(1, 1);
    first.destroy();
    for (int member = 0; member < MEMBERS; member++) {
      assertThat(cluster.node(member).runs("c")).isFalse();
      assertThat(cluster.caches(member).names()).isEmpty();
    }
    assertThatIllegalStateException().isThrownBy(() -> second.get(1));
    Cache<Integer, Integer> anew = cluster.caches(2).cache("c", Mode.DISTRIBUTED);
    anew.put(2, 2);
    assertThat(cluster.caches(0).<Integer, Integer>cache("c").get(2)).isEqualTo(2);
    assertThat(cluster.caches(0).<Integer, Integer>cache("c").get(1)).isNull();
    assertThatIllegalStateException()
        .isThrownBy(second::destroy) // it is another that has the name now
        .withMessageContaining("was destroyed");
    assertThat(anew.get(2)).isEqualTo(2);
  }

  /**
   *
   *
   * <ol>
   *   <li>A member opens a cache, which runs.
   *   <li>Another member destroys it, and the engine stops it here.
   *   <li>The first has the engine's cache in its hands, and is to look for the next one.
   * </ol>
   */
  @Test
  @SuppressWarnings("unchecked") // the cache of the library
  void whatEndsWhileItIsOpenedIsNotTheOneThatWasOpened() {
    for (Mode mode : List.of(Mode.INVALIDATED, Mode.REPLICATED, Mode.DISTRIBUTED)) {
      Cache<Integer, Integer> cache = cluster.caches(0).cache("c", mode);
      ClusterStore store = cache.unwrap(ClusterStore.class);
      OptionsRegistry.Entry there =
          new OptionsRegistry.Entry(
              store.incarnation(), OptionsRegistry.State.RUNS, store.options());
      var engines =
          (AdvancedCache<ClusterKey, Envelope>)
              (AdvancedCache<?, ?>) cluster.node(0).engineCache("c").getAdvancedCache();
      cluster.caches(1).cache("c").destroy();
      assertThat(cluster.node(0).stores().store(there, engines)).isNull();
    }
  }

  /**
   * As each member leaves the cache it would, and the last ones would have it warn of lost data.
   */
  @Test
  void theEngineMovesNoEntriesOfWhatIsDestroyed() {
    Queue<String> said = new ConcurrentLinkedQueue<>();
    for (int member = 0; member < MEMBERS; member++) {
      EventLogManager.getEventLogger(cluster.node(member).manager()).addListener(new Hears(said));
    }
    for (Mode mode : List.of(Mode.INVALIDATED, Mode.REPLICATED, Mode.DISTRIBUTED)) {
      for (int member = 0; member < MEMBERS; member++) {
        Cache<Integer, Integer> cache = cluster.caches(member).cache("c", mode);
        cache.put(1, 1);
        said.clear(); // whatever it said of members that begin it
        cache.destroy();
        assertThat(said).isEmpty();
      }
    }
  }

  /** Hears what the member that coordinates says of a cache whose members leave it. */
  @Listener
  static final class Hears {
    private static final String MEMBERS_CHANGED = "ISPN100008";

    private final Queue<String> said;

    Hears(Queue<String> said) {
      this.said = said;
    }

    @Logged
    public void onEvent(EventLog event) {
      if (event.getLevel() != EventLogLevel.INFO || event.getMessage().contains(MEMBERS_CHANGED)) {
        said.add(event.getMessage());
      }
    }
  }

  /** Who orders the writes of the name or another, after the first step or the second. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void whatAMemberBeganToEndWhenItDiedIsEndedByTheOthers(int steps) {
    Cache<Integer, Integer> opened = beganToEnd(1, "begun", steps);
    assertThat(cluster.caches(0).names()).isEmpty();
    assertThat(opened.get(1)).isEqualTo(1);
    cluster.crash(2);
    for (int member = 0; member < 2; member++) {
      LoopCluster.Node other = cluster.node(member);
      Await.until("the end on " + other.self(), () -> !other.runs("begun"));
    }
    assertThatIllegalStateException().isThrownBy(() -> opened.get(1));
    assertThat(cluster.caches(1).<Integer, Integer>cache("begun", Mode.REPLICATED).get(1)).isNull();
  }

  /** One that nobody goes on to end, since its members have not missed the dead one yet. */
  @Test
  void whoOpensACacheThatAnotherBeganToEndHasTheNextOfThatName() {
    for (int steps = 1; steps <= 2; steps++) {
      String name = "begun" + steps;
      Cache<Integer, Integer> opened = beganToEnd(0, name, steps);
      Cache<Integer, Integer> next = cluster.caches(1).cache(name, Mode.REPLICATED);
      assertThat(next.get(1)).isNull();
      assertThatIllegalStateException().isThrownBy(() -> opened.get(1));
      next.put(1, 2);
      assertThat(cluster.caches(0).<Integer, Integer>cache(name).get(1)).isEqualTo(2);
    }
  }

  /** A cache opened by one member, whose end the third began and went no further with. */
  private Cache<Integer, Integer> beganToEnd(int opener, String name, int steps) {
    Cache<Integer, Integer> opened = cluster.caches(opener).cache(name, Mode.DISTRIBUTED);
    opened.put(1, 1);
    OptionsRegistry dying = registry(2);
    for (int step = 0; step < steps; step++) {
      assertThat(dying.advance(requireNonNull(dying.known(name)))).isTrue();
    }
    return opened;
  }

  /** The cluster's, to be written by that member. */
  private OptionsRegistry registry(int member) {
    return new OptionsRegistry(
        OptionsRegistry.start(cluster.node(member).manager()), new SerialCodec(), new Calls());
  }

  @Test
  void theEngineLetsGoOfWhatHasEnded() {
    WeakReference<?> engines = destroyed();
    Await.until(
        "the collection of what was destroyed",
        () -> {
          System.gc();
          return engines.refersTo(null);
        });
  }

  private WeakReference<?> destroyed() {
    Cache<Integer, Integer> cache = cluster.caches(0).cache("c", Mode.REPLICATED);
    cache.put(1, 1);
    WeakReference<?> engines = new WeakReference<>(cache.unwrap(AdvancedCache.class));
    cache.destroy();
    var unused = cluster.caches(0).cache("another", Mode.REPLICATED); // forgets the destroyed
    return engines;
  }

  @Test
  void eachLifeHasANameOfItsOwnThatHasTheCachesInIt() {
    CacheOptions options = CacheOptions.of(Mode.REPLICATED);
    for (String name : new String[] {"c", "a#b", "c#0123456789abcdef", "é ß"}) {
      Incarnation one = Incarnation.first(name, options);
      assertThat(Incarnation.cacheName(one.engineName())).isEqualTo(name);
      assertThat(one).isEqualTo(Incarnation.first(name, options));
      assertThat(one.engineName())
          .isNotEqualTo(one.next(options).engineName())
          .isNotEqualTo(Incarnation.first(name, options.maxEntries(1)).engineName());
    }
    assertThat(Incarnation.cacheName(OptionsRegistry.NAME)).isEqualTo(OptionsRegistry.NAME);
    assertThat(Incarnation.cacheName("org.infinispan.CONFIG")).isEqualTo("org.infinispan.CONFIG");
  }
}
