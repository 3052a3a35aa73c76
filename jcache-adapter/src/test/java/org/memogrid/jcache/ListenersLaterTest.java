/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeProcess;

/** Listeners that are not synchronous, and listeners where members share nothing, on two JVMs. */
class ListenersLaterTest extends OnTwoJvms {
  private static final int KEYS = 3;
  private static final int VALUES = 10;

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void aPutDoesNotWaitForAListenerThatHearsEachEventOnceInTheOrderOfItsKey(Mode mode) {
    String name = "later-" + mode;
    createOnBoth(name, mode);
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.listen(there, name, false));
      each.run(there -> Peer.GATE.acquireUninterruptibly());
    }

    a.run(
        there -> {
          for (int value = 0; value < VALUES; value++) {
            for (int key = 0; key < KEYS; key++) {
              Peer.cache(there, name).put("k" + key, value);
            }
          }
        });

    assertThat(b.<Integer>call(there -> Peer.cache(there, name).get("k0"))).isEqualTo(VALUES - 1);
    for (NodeProcess each : cluster.nodes()) {
      assertThat(heard(each)).as("while the listener is blocked").isEmpty();
      each.run(there -> Peer.GATE.release());
      Await.until("all is heard", () -> heard(each).size() >= KEYS * VALUES);
      List<String> heard = heard(each);
      assertThat(heard).hasSize(KEYS * VALUES);
      for (int key = 0; key < KEYS; key++) {
        String wanted = " k" + key + " ";
        assertThat(heard.stream().filter(event -> event.contains(wanted)))
            .containsExactlyElementsOf(history("k" + key));
      }
    }
  }

  private static List<String> history(String key) {
    List<String> history = new ArrayList<>(List.of("CREATED " + key + " 0"));
    for (int value = 1; value < VALUES; value++) {
      history.add("UPDATED " + key + " " + value);
    }
    return history;
  }

  @Test
  void oneThatThrowsReachesNeitherTheCallerNorAnotherListener() {
    createOnBoth("failing", Mode.DISTRIBUTED);
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.listenAndThrow(there, "failing"));
      each.run(there -> Peer.listen(there, "failing", false));
    }
    put(a, "failing", "of a", 1);
    put(b, "failing", "of b", 2);
    for (NodeProcess each : cluster.nodes()) {
      Await.until("all is heard", () -> heard(each).size() >= 2);
      assertThat(heard(each)).containsExactlyInAnyOrder("CREATED of a 1", "CREATED of b 2");
    }
  }

  /** Others' values never come here: what they change is that this member's copy goes. */
  @Test
  void inInvalidatedWhatAnotherWritesIsHeardAsTheRemovalOfTheCopyHere() {
    createOnBoth("copies", Mode.INVALIDATED);
    for (NodeProcess each : cluster.nodes()) {
      each.run(there -> Peer.listen(there, "copies", true));
    }
    put(a, "copies", "k", 1);
    put(b, "copies", "k", 2);
    Await.until("a hears of it", () -> heard(a).size() >= 2);
    b.run(there -> Peer.cache(there, "copies").remove("k"));
    put(a, "copies", "last", 3);

    assertThat(heard(a)).containsExactly("CREATED k 1", "REMOVED k 1", "CREATED last 3");
    assertThat(heard(b)).containsExactly("CREATED k 2", "REMOVED k 2");
  }
}
