/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import javax.cache.Cache;
import javax.cache.expiry.CreatedExpiryPolicy;
import javax.cache.expiry.Duration;
import javax.cache.integration.CompletionListenerFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeProcess;

/**
 * In INVALIDATED each member loads for itself and keeps what it loaded:
 *
 * <ol>
 *   <li>A misses and loads. B misses and loads.
 *   <li>If B's load took A's copy away, A would miss again, and take B's: nobody ever found
 *       anything.
 * </ol>
 */
class OwnCopiesTest extends OnTwoJvms {
  private static void createOnBoth(String name) {
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.createLoading(there, name, Mode.INVALIDATED));
      each.run(there -> Peer.ANSWER.drainPermits());
    }
  }

  private static void answer(int times) {
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.ANSWER.release(times));
    }
  }

  private static int runs(NodeProcess node) {
    return node.call(there -> Peer.RUNS.get());
  }

  private static boolean has(NodeProcess node, String name) {
    return node.call(there -> Peer.cache(there, name).containsKey("k"));
  }

  @EnumSource
  @ParameterizedTest
  void membersThatReadInTurnLoadOnceEachAndHearOfNoRemoval(OvertakenTest.Reading reading) {
    String name = "turns-" + reading;
    createOnBoth(name);
    answer(100);
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.listen(there, name, true));
    }
    int ofA = runs(a);
    int ofB = runs(b);

    for (int i = 0; i < 5; i++) {
      for (NodeProcess each : cluster.nodes()) {
        assertThat(each.<Integer>call(there -> reading.by(Peer.cache(there, name)))).isEqualTo(1);
      }
    }

    assertThat(List.of(runs(a) - ofA, runs(b) - ofB)).containsExactly(1, 1);
    a.run(there -> Peer.cache(there, name).put("k", 2));
    Await.until("b hears of it", () -> heard(b).size() >= 2);
    assertThat(heard(a)).containsExactly("CREATED k 1", "UPDATED k 2");
    assertThat(heard(b)).containsExactly("CREATED k 1", "REMOVED k 1");
    assertThat(has(b, name)).as("what is put takes the others' copies").isFalse();
  }

  @EnumSource
  @ParameterizedTest
  void membersThatLoadAtTheSameTimeBothKeepTheirs(OvertakenTest.Reading reading) {
    String name = "both-" + reading;
    createOnBoth(name);
    int before = runs(a) + runs(b);
    List<CompletableFuture<Integer>> loads =
        cluster.nodes().stream()
            .map(each -> each.<Integer>callAsync(there -> reading.by(Peer.cache(there, name))))
            .toList();
    Await.until("both ask", () -> runs(a) + runs(b) == before + 2);

    answer(10);

    assertThat(loads).extracting(CompletableFuture::join).containsOnly(1);
    assertThat(List.of(has(a, name), has(b, name))).containsOnly(true);
    assertThat(runs(a) + runs(b)).isEqualTo(before + 2);
  }

  /** It was asked for because what is there may be old, wherever that is. */
  @Test
  void whatIsLoadedToReplaceTakesTheCopiesOfOthersAndWhatWasMissedDoesNot() {
    createOnBoth("replaced");
    answer(100);
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.cache(there, "replaced").get("k"));
    }
    a.run(there -> loadAll(Peer.cache(there, "replaced"), false));
    assertThat(has(b, "replaced")).isTrue();
    a.run(there -> loadAll(Peer.cache(there, "replaced"), true));
    assertThat(List.of(has(a, "replaced"), has(b, "replaced"))).containsExactly(true, false);
  }

  private static void loadAll(Cache<String, Integer> cache, boolean replace) throws Exception {
    CompletionListenerFuture done = new CompletionListenerFuture();
    cache.loadAll(Set.of("k"), replace, done);
    done.get();
  }

  @Test
  void aLoadWhoseLifeIsOverBeforeItBeginsTakesNobodysCopy() {
    b.run(there -> Peer.create(there, "brief", Mode.INVALIDATED).put("k", 1));
    a.run(
        there ->
            Peer.manager(there)
                .createCache(
                    "brief",
                    new MemogridConfiguration<String, Integer>(Mode.INVALIDATED)
                        .setTypes(String.class, Integer.class)
                        .setReadThrough(true)
                        .setCacheLoaderFactory(Peer.Slow::new)
                        .setExpiryPolicyFactory(CreatedExpiryPolicy.factoryOf(Duration.ZERO))));
    answer(1);

    assertThat(a.<Integer>call(there -> Peer.cache(there, "brief").get("k"))).isEqualTo(1);

    assertThat(List.of(has(a, "brief"), has(b, "brief"))).containsExactly(false, true);
  }
}
