/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.modes;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.memogrid.cache.Mode;
import org.memogrid.memo.MemoProbe;
import org.memogrid.modes.MemoHistory.Apart;
import org.memogrid.modes.MemoHistory.Kind;
import org.memogrid.testkit.Await;
import org.memogrid.testkit.NodeProcess;

/**
 * Memos of each shared mode on the hosts of a lab, which callers call and invalidate now and then
 * while host 3 is away: each side keeps what it promised among its own, and when both have met, no
 * call gets what either invalidated.
 */
final class HostMemos {
  private static final int AWAY = 3;

  /** Few calls: they are about times of many seconds, not about races. */
  private static final int PAUSE_MICROS = 100_000;

  private final Hosts hosts;
  private final MemoLoad load;
  private final long seed = Long.getLong("memogrid.test.seed", System.nanoTime());
  private final List<Apart> third = new ArrayList<>();
  private final List<Apart> others = new ArrayList<>();
  private final String file;
  private long since;

  /**
   * @param file which all hosts map, for the versions
   */
  HostMemos(Hosts hosts, Path file) {
    System.out.println("memos of a cluster that is cut: -Dmemogrid.test.seed=" + seed);
    this.hosts = hosts;
    this.file = file.toAbsolutePath().toString();
    load = new MemoLoad(file);
    for (int host = 1; host <= Hosts.COUNT; host++) {
      load.start(hosts.node(host), seed + 10L * host, PAUSE_MICROS);
    }
    awaitAgreement();
    awaitCalls();
  }

  /** Host 3 is cut off, or stands still, from now on. */
  void away() {
    since = System.nanoTime();
  }

  /** All see each other again. */
  void back() {
    awaitAgreement();
    long now = System.nanoTime();
    for (int host = 1; host <= Hosts.COUNT; host++) {
      (host == AWAY ? third : others).add(new Apart(hosts.node(host).name(), since, now));
    }
    awaitCalls();
  }

  /** Calls on a host that get an answer. */
  void awaitCalls(int host) {
    String name = hosts.node(host).name();
    long before = load.history.count(o -> o.node().equals(name));
    Await.until(
        "calls on " + name, () -> load.history.count(o -> o.node().equals(name)) > before + 100);
  }

  private void awaitCalls() {
    IntStream.rangeClosed(1, Hosts.COUNT).forEach(this::awaitCalls);
  }

  /** Ends the load. No side got what was invalidated on it, and nobody did afterwards. */
  void judge() {
    for (int host = 1; host <= Hosts.COUNT; host++) {
      load.stop(hosts.node(host));
    }
    assertThat(load.history.stale(third)).as("of hosts 1 and 2, seed %d", seed).isEmpty();
    assertThat(load.history.stale(others)).as("of host 3, seed %d", seed).isEmpty();
    assertThat(load.history.count(this::isMeanwhile)).as("seed %d", seed).isPositive();
  }

  /** An invalidation on either side while they were apart: without one there is nothing to see. */
  private boolean isMeanwhile(MemoHistory.Operation operation) {
    return operation.kind() == Kind.INVALIDATION
        && others.stream().anyMatch(apart -> apart.covers(operation));
  }

  private void awaitAgreement() {
    for (Mode mode : MemoLoad.MODES) {
      Await.until(
          "all hosts to agree on who shares the memos in " + mode,
          () -> {
            Set<String> seen =
                IntStream.rangeClosed(1, Hosts.COUNT)
                    .mapToObj(host -> configuration(hosts.node(host), mode))
                    .collect(Collectors.toSet());
            return seen.size() == 1
                && IntStream.rangeClosed(1, Hosts.COUNT)
                    .allMatch(host -> seen.iterator().next().contains("host" + host));
          });
    }
  }

  private String configuration(NodeProcess node, Mode mode) {
    String source = file;
    return node.call(there -> MemoProbe.configuration(MemoLoad.memo(there, mode, source)));
  }
}
