/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache.tck;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.FreePorts;
import org.memogrid.testkit.NodeProcess;

/**
 * The JSR's own tests, in every mode. Each mode's tests run one after the other in a JVM of their
 * own, and the modes beside each other: the tests wait most of their time. Another JVM is the
 * second member of the three clusters.
 */
@Timeout(900) // of processor time it takes a minute: beside other work, five are not enough
class TckTest {
  /** How many the release has; {@code dummyTest} is one of them. */
  private static final int TESTS = 479;

  private static final Duration PATIENCE = Duration.ofMinutes(10);

  /** Classes of the tests that cross the wire. */
  private static final String[] ALLOWED = {"org.jsr107.tck.*", "domain.*", "manager.*"};

  private static final List<AutoCloseable> OPEN = new ArrayList<>();
  private static final Map<Mode, CompletableFuture<TckRun>> RUNS = new EnumMap<>(Mode.class);
  private static final Map<Mode, NodeProcess> FIRST = new EnumMap<>(Mode.class);
  private static final String COUNTING = "counting";
  private static NodeProcess second;

  @BeforeAll
  static void startAll() {
    second = NodeProcess.start("tck-second", "-Xmx512m");
    OPEN.add(second);
    for (Mode mode : Mode.values()) {
      List<String> settings = mode == Mode.LOCAL ? List.of("memogrid.cluster=none") : join(mode);
      NodeProcess first = start(mode, settings);
      OPEN.add(0, first);
      FIRST.put(mode, first);
      boolean counts = mode != Mode.LOCAL;
      RUNS.put(
          mode,
          first.callAsync(
              there -> {
                if (counts) {
                  var unused = there.kept(COUNTING, () -> new SecondMember(Cluster.shared()));
                }
                return TckRun.here();
              }));
    }
  }

  /** Has the second member wait in a cluster, and says how another process joins it. */
  private static List<String> join(Mode mode) {
    FreePorts ports = FreePorts.take();
    OPEN.add(ports);
    int port = ports.base();
    String name = "tck-" + mode + "-" + ProcessHandle.current().pid();
    second.run(
        there -> {
          var unused =
              there.kept(
                  mode.name(),
                  () ->
                      new SecondMember(
                          Cluster.builder()
                              .name(name)
                              .nodeName("second")
                              .bind("127.0.0.1")
                              .port(port)
                              .allow(ALLOWED)
                              .join()));
        });
    return List.of(
        "memogrid.cluster.name=" + name,
        "memogrid.node.name=first",
        "memogrid.bind=127.0.0.1",
        "memogrid.port=" + port,
        "memogrid.allow=" + String.join(",", ALLOWED),
        "memogrid.expect.members=2",
        "memogrid.jcache.mode=" + mode);
  }

  /** A JVM in which the JSR's tests find what they look for. */
  private static NodeProcess start(Mode mode, List<String> settings) {
    List<String> arguments = new ArrayList<>(List.of("-Xmx512m"));
    settings.forEach(setting -> arguments.add("-D" + setting));
    arguments.add("-Dorg.jsr107.tck.support.server.address=127.0.0.1");
    arguments.add("-Djavax.management.builder.initial=" + TckMBeanServerBuilder.class.getName());
    arguments.add("-Dorg.jsr107.tck.management.agentId=TckMBeanServer");
    arguments.add("-Djavax.cache.CacheManager=org.memogrid.jcache.GridCacheManager");
    arguments.add("-Djavax.cache.Cache=org.memogrid.jcache.GridCache");
    arguments.add("-Djavax.cache.Cache.Entry=org.memogrid.jcache.Pair");
    arguments.add("-Dorg.jboss.logging.provider=slf4j");
    return NodeProcess.start("tck-" + mode, List.of(), arguments);
  }

  @AfterAll
  static void endAll() throws Exception {
    for (AutoCloseable each : OPEN) {
      each.close();
    }
    OPEN.clear();
    RUNS.clear();
    FIRST.clear();
  }

  private static TckRun run(Mode mode) throws Exception {
    return requireNonNull(RUNS.get(mode)).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  @EnumSource(Mode.class)
  @ParameterizedTest
  void allTestsPassButTheOneThatIsNone(Mode mode) throws Exception {
    TckRun run = run(mode);

    assertThat(run.failed()).isEmpty();
    assertThat(run.tests()).isEqualTo(TESTS);
    assertThat(run.excluded()).containsExactly("org.jsr107.tck.CachingTest#dummyTest");
  }

  @EnumSource(names = {"INVALIDATED", "REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void theSecondMemberOpensEveryCache(Mode mode) throws Exception {
    SecondMember.Counts counts = seconds(mode);

    assertThat(counts.caches()).isGreaterThan(300);
    assertThat(counts.names())
        .isNotEmpty()
        .isEqualTo(counted(requireNonNull(FIRST.get(mode)), COUNTING).names());
  }

  @EnumSource(names = {"REPLICATED", "DISTRIBUTED"})
  @ParameterizedTest
  void theSecondMemberIsPrimaryOwnerOfAboutHalf(Mode mode) throws Exception {
    SecondMember.Counts counts = seconds(mode);

    assertThat(counts.entries()).isGreaterThan(500);
    assertThat((double) counts.primary() / counts.entries()).isBetween(0.3, 0.7);
  }

  /** Values never cross the wire there: each member holds what it wrote itself. */
  @EnumSource(names = "INVALIDATED")
  @ParameterizedTest
  void theSecondMemberHoldsNothingWhereMembersShareNothing(Mode mode) throws Exception {
    assertThat(seconds(mode).entries()).isZero();
  }

  /** What the second member saw of a mode's tests when they had ended. */
  private static SecondMember.Counts seconds(Mode mode) throws Exception {
    TckRun unused = run(mode);
    return counted(second, mode.name());
  }

  private static SecondMember.Counts counted(NodeProcess node, String kept) {
    return node.call(
        there -> {
          SecondMember member =
              there.kept(
                  kept,
                  () -> {
                    throw new IllegalStateException("this member never joined");
                  });
          return member.counts();
        });
  }
}
