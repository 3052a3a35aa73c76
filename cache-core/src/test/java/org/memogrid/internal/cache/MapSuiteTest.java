/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.cache;

import com.google.common.collect.testing.ConcurrentMapTestSuiteBuilder;
import com.google.common.collect.testing.TestStringMapGenerator;
import com.google.common.collect.testing.features.CollectionFeature;
import com.google.common.collect.testing.features.CollectionSize;
import com.google.common.collect.testing.features.MapFeature;
import com.google.common.collect.testing.testers.MapToStringTester;
import java.lang.reflect.Method;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Stream;
import junit.framework.TestCase;
import junit.framework.TestResult;
import junit.framework.TestSuite;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Member;
import org.memogrid.internal.engine.LocalStores;
import org.memogrid.internal.engine.LoopCluster;
import org.memogrid.internal.engine.SerialCodec;
import org.memogrid.internal.engine.Ticks;

/**
 * Guava's tests of concurrent maps, on a cache's map in each mode; clustered ones on two members.
 */
final class MapSuiteTest {
  private static LoopCluster cluster;
  private static ScheduledExecutorService scheduler;
  private static Caches local;

  @BeforeAll
  static void join() {
    SerialCodec codec = new SerialCodec();
    cluster = new LoopCluster(codec, 2);
    scheduler = Executors.newScheduledThreadPool(1);
    Ticks clock = new Ticks();
    local =
        new Caches(
            new LocalStores(new Member("alone", "1"), clock, scheduler),
            Mode.LOCAL,
            codec,
            clock,
            scheduler,
            scheduler);
  }

  @AfterAll
  static void leave() {
    cluster.close();
    scheduler.shutdownNow();
  }

  @TestFactory
  Stream<DynamicNode> everyMode() {
    return Stream.of(Mode.values())
        .map(mode -> DynamicContainer.dynamicContainer(mode.toString(), suite(mode)));
  }

  @TestFactory
  Stream<DynamicNode> refusingLocal() {
    return suite(
        "refusing",
        local.cache(
            "suite-refusing",
            CacheOptions.of(Mode.LOCAL).maxEntries(1000).whenFull(CacheOptions.WhenFull.REFUSE)));
  }

  /**
   * With one owner some keys are the other member's alone. Entries then come in the order in which
   * members answer, which differs from walk to walk; the suite's test of toString expects one
   * order.
   */
  @TestFactory
  Stream<DynamicNode> keysOfTheOther() throws NoSuchMethodException {
    return suite(
        "one owner",
        cluster.caches(1).cache("suite-one", CacheOptions.of(Mode.DISTRIBUTED).owners(1)),
        MapToStringTester.class.getMethod("testToString_formatting"));
  }

  private static Stream<DynamicNode> suite(Mode mode) {
    Caches caches = mode == Mode.LOCAL ? local : cluster.caches(1);
    return suite(mode.toString(), caches.cache("suite-" + mode, mode));
  }

  private static Stream<DynamicNode> suite(
      String name, Cache<String, String> cache, Method... without) {
    return nodes(
        ConcurrentMapTestSuiteBuilder.using(new Generator(cache))
            .named(name)
            .withFeatures(
                MapFeature.GENERAL_PURPOSE,
                CollectionFeature.SUPPORTS_ITERATOR_REMOVE,
                CollectionSize.ANY)
            .suppressing(without)
            .createTestSuite());
  }

  /** The suite's own tests are of an older JUnit. */
  private static Stream<DynamicNode> nodes(TestSuite suite) {
    return Collections.list(suite.tests()).stream()
        .map(
            test ->
                test instanceof TestSuite inner
                    ? DynamicContainer.dynamicContainer(inner.getName(), nodes(inner))
                    : DynamicTest.dynamicTest(((TestCase) test).getName(), () -> run(test)));
  }

  private static void run(junit.framework.Test test) throws Throwable {
    TestResult result = new TestResult();
    test.run(result);
    List<junit.framework.TestFailure> bad =
        Stream.concat(
                Collections.list(result.errors()).stream(),
                Collections.list(result.failures()).stream())
            .toList();
    if (!bad.isEmpty()) {
      throw bad.get(0).thrownException();
    }
  }

  private static final class Generator extends TestStringMapGenerator {
    private final Cache<String, String> cache;

    Generator(Cache<String, String> cache) {
      this.cache = cache;
    }

    @Override
    protected Map<String, String> create(Map.Entry<String, String>[] entries) {
      cache.clear();
      Map<String, String> map = cache.asMap();
      for (Map.Entry<String, String> entry : entries) {
        map.put(entry.getKey(), entry.getValue());
      }
      return map;
    }
  }
}
