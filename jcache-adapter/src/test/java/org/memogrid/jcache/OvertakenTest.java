/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import javax.cache.Cache;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeProcess;
import org.memogrid.testkit.ProcessCluster;

/** What another member changes while a loader is asked stands, on two JVMs. */
class OvertakenTest {
  private static ProcessCluster cluster;

  @BeforeAll
  static void start() {
    cluster = ProcessCluster.of(2);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  /** Who asks the loader, in which way. */
  enum Reading {
    GET {
      @Override
      int by(Cache<String, Integer> cache) {
        return cache.get("k");
      }
    },
    GET_ALL {
      @Override
      int by(Cache<String, Integer> cache) {
        return cache.getAll(Set.of("k")).getOrDefault("k", 0);
      }
    },
    PROCESSOR {
      @Override
      int by(Cache<String, Integer> cache) {
        return cache.<Integer>invoke("k", (entry, arguments) -> entry.getValue());
      }
    };

    abstract int by(Cache<String, Integer> cache);
  }

  /** What the other does meanwhile. */
  enum Change {
    REMOVE {
      @Override
      void by(Cache<String, Integer> cache) {
        assertThat(cache.remove("k")).isFalse();
      }
    },
    REMOVE_ALL {
      @Override
      void by(Cache<String, Integer> cache) {
        cache.removeAll();
      }
    },
    CLEAR {
      @Override
      void by(Cache<String, Integer> cache) {
        cache.clear();
      }
    },
    PUT {
      @Override
      void by(Cache<String, Integer> cache) {
        cache.putAll(Map.of("k", 2));
      }
    };

    abstract void by(Cache<String, Integer> cache);
  }

  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void whatAnotherMemberChangedWhileTheLoaderWasAskedStands(Mode mode) {
    String name = "loaded-" + mode;
    NodeProcess one = cluster.node(0);
    NodeProcess two = cluster.node(1);
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.createLoading(there, name, mode));
    }
    for (Reading reading : Reading.values()) {
      for (Change change : Change.values()) {
        String what = reading + " and " + change;
        int asked = one.call(there -> Peer.RUNS.get());
        CompletableFuture<Integer> loading =
            one.callAsync(there -> reading.by(Peer.cache(there, name)));
        Await.until(what + ": it is asked", () -> one.call(there -> Peer.RUNS.get()) > asked);

        two.run(there -> change.by(Peer.cache(there, name)));
        one.run(there -> Peer.ANSWER.release(reading == Reading.PROCESSOR ? 2 : 1));

        boolean put = change == Change.PUT && mode != Mode.INVALIDATED;
        // A processor runs again on what it finds then, and may load again: that is no old value.
        boolean anew = reading == Reading.PROCESSOR && !put;
        assertThat(loading.join()).as(what).isEqualTo(put ? 2 : 1);
        one.run(there -> Peer.ANSWER.drainPermits());
        boolean isThere = one.call(there -> Peer.cache(there, name).containsKey("k"));
        assertThat(isThere).as(what).isEqualTo(put || anew);
        int runs = one.call(there -> Peer.RUNS.get()) - asked;
        assertThat(runs).as(what).isEqualTo(anew ? 2 : 1);
        one.run(there -> Peer.cache(there, name).remove("k"));
        two.run(there -> Peer.cache(there, name).remove("k"));
      }
      one.run(there -> Peer.ANSWER.release());
      assertThat(one.<Integer>call(there -> reading.by(Peer.cache(there, name)))).isEqualTo(1);
      boolean kept = one.call(there -> Peer.cache(there, name).containsKey("k"));
      assertThat(kept).as("what is loaded undisturbed is kept").isTrue();
      one.run(there -> Peer.cache(there, name).remove("k"));
    }
  }

  /** What holds the place of a load is no entry to anybody. */
  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void aLoadIsHeardAsOneCreationAndOneThatHasNothingNotAtAll(Mode mode) {
    String name = "heard-" + mode;
    NodeProcess one = cluster.node(0);
    NodeProcess two = cluster.node(1);
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.createLoading(there, name, mode));
      each.run(there -> Peer.listen(there, name, true));
    }
    for (int i = 0; i < 10; i++) {
      String none = "none" + i;
      boolean nothing = one.call(there -> Peer.cache(there, name).get(none) == null);
      assertThat(nothing).isTrue();
      Await.until(
          "its place is given back", () -> isFree(one, name, none) && isFree(two, name, none));
      String some = "k" + i;
      one.run(there -> Peer.ANSWER.release());
      assertThat(one.<Integer>call(there -> Peer.cache(there, name).get(some))).isEqualTo(1);
    }
    Await.until("all is heard", () -> heard(two).size() >= 10);
    for (NodeProcess each : cluster.nodes()) {
      assertThat(heard(each)).hasSize(10).allMatch(event -> event.matches("CREATED k. 1"));
    }
    for (NodeProcess each : cluster.nodes()) {
      long gone =
          each.call(
              there ->
                  Peer.cache(there, name).unwrap(GridCache.class).parts().store().expirations());
      assertThat(gone).as("what counts as expired").isZero();
    }
  }

  private static boolean isFree(NodeProcess node, String name, String key) {
    return node.call(
        there -> Peer.cache(there, name).unwrap(GridCache.class).parts().store().get(key) == null);
  }

  private static List<String> heard(NodeProcess node) {
    return node.call(there -> Peer.heard());
  }
}
