/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.jcache;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import javax.cache.CacheException;
import javax.cache.CacheManager;
import javax.cache.integration.CacheLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.TestCluster;

/** What files say about caches, and what is said about wrong files. */
class ManagerFileTest {
  private static final String YAML =
      """
      mode: REPLICATED
      namespace: shop
      caches:
        prices:
          timeToLive: PT5M
          maxEntries: 1000
          keyType: java.lang.String
          statistics: true
        com.acme.Orders:
          mode: DISTRIBUTED
          owners: 3
          storeByValue: false
        plain:
      """;

  private static final String PROPERTIES =
      """
      # caches of the shop
      mode = REPLICATED
      namespace = shop
      caches.prices.timeToLive = PT5M
      caches.prices.maxEntries = 1000
      caches.prices.keyType = java.lang.String
      caches.prices.statistics = true
      caches.com.acme.Orders.mode = DISTRIBUTED
      caches.com.acme.Orders.owners = 3
      caches.com.acme.Orders.storeByValue = false
      """;

  @TempDir Path folder;

  private ManagerFile read(String name, String text) throws IOException {
    Path file = Files.writeString(folder.resolve(name), text);
    return read(file.toUri());
  }

  private ManagerFile read(URI uri) {
    return requireNonNull(ManagerFile.of(uri, getClass().getClassLoader()));
  }

  private MemogridConfiguration<Object, Object> cache(ManagerFile file, String name) {
    return new Described(name, requireNonNull(file.caches().get(name)), getClass().getClassLoader())
        .configuration(Mode.REPLICATED);
  }

  private void assertShop(ManagerFile file) {
    assertThat(requireNonNull(file.own().get("namespace")).value()).isEqualTo("shop");
    MemogridConfiguration<Object, Object> prices = cache(file, "prices");
    assertThat(prices.options())
        .isEqualTo(
            CacheOptions.of(Mode.REPLICATED).timeToLive(Duration.ofMinutes(5)).maxEntries(1000));
    assertThat(prices.options().expiry().timeToLive()).isEqualTo(Duration.ofMinutes(5));
    assertThat(prices.getKeyType()).isEqualTo(String.class);
    assertThat(prices.isStatisticsEnabled()).isTrue();
    MemogridConfiguration<Object, Object> orders = cache(file, "com.acme.Orders");
    assertThat(orders.options()).isEqualTo(CacheOptions.of(Mode.DISTRIBUTED).owners(3));
    assertThat(orders.options().expiry()).isEqualTo(Expiry.NEVER);
    assertThat(orders.isStoreByValue()).isFalse();
  }

  @Test
  void yamlAndPropertiesSayTheSame() throws IOException {
    assertShop(read("shop.yaml", YAML));
    assertShop(read("shop.properties", PROPERTIES));
  }

  @Test
  void aCacheNeedsNoSettings() throws IOException {
    assertThat(read("shop.yaml", YAML).caches()).containsKey("plain");
  }

  @Test
  void filesAreReadFromJarsToo() throws IOException {
    Path jar = folder.resolve("app.jar");
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream entries = new JarOutputStream(out)) {
      entries.putNextEntry(new JarEntry("conf/shop.yaml"));
      entries.write(YAML.getBytes(StandardCharsets.UTF_8));
    }
    assertShop(read(URI.create("jar:" + jar.toUri() + "!/conf/shop.yaml")));
  }

  @Test
  void filesAreReadFromTheClassPathToo() {
    assertThat(read(URI.create("classpath:shop.yaml")).caches()).containsKey("prices");
    assertThat(read(URI.create("shop.yaml")).caches()).containsKey("prices");
  }

  @Test
  void otherUrisAreNames() {
    assertThat(ManagerFile.of(URI.create("shop"), getClass().getClassLoader())).isNull();
    assertThat(ManagerFile.of(URI.create("memogrid:x"), getClass().getClassLoader())).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "file:/nowhere/shop.yaml, /nowhere/shop.yaml",
    "classpath:nowhere.yaml, there is no nowhere.yaml on the class path",
    "nowhere.properties, there is no nowhere.properties on the class path",
    "http://localhost/shop.yaml, 'give a file:, jar: or classpath: URI'",
    "file:/tmp/shop.xml, neither .properties nor .yaml",
  })
  void aFileThatIsMissingIsAnError(String uri, String said) {
    assertThatThrownBy(() -> read(URI.create(uri)))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining(uri)
        .hasMessageContaining(said);
  }

  @ParameterizedTest
  @CsvSource({
    "5, owners, 0, give at least 1",
    "5, owners, two, that is no whole number",
    "4, mode, GLOBAL, 'give one of [LOCAL, INVALIDATED, REPLICATED, DISTRIBUTED]'",
    "5, timeToLive, 5 minutes, give a duration such as PT30S",
    "5, statistics, yes, give true or false",
    "5, keyType, com.acme.Nothing, there is no such class",
    "5, loader, java.lang.String, give a class that is a javax.cache.integration.CacheLoader",
    "5, speed, high, a cache has no such setting",
  })
  void aWrongValueIsAnErrorWithLineKeyAndRemedy(int line, String key, String value, String said)
      throws IOException {
    String mode = key.equals("mode") ? value : "DISTRIBUTED";
    String rest = key.equals("mode") ? "" : "    " + key + ": " + value + "\n";
    ManagerFile yaml =
        read("wrong.yaml", "namespace: x\ncaches:\n  prices:\n    mode: " + mode + "\n" + rest);
    assertThatThrownBy(() -> cache(yaml, "prices"))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("wrong.yaml, line " + line)
        .hasMessageContaining(key + " = '" + value + "'")
        .hasMessageContaining(said);

    ManagerFile properties =
        read("wrong.properties", "# x\n\ncaches.prices." + key + " = " + value + "\n");
    assertThatThrownBy(() -> cache(properties, "prices"))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("wrong.properties, line 3")
        .hasMessageContaining(said);
  }

  @ParameterizedTest
  @CsvSource({
    "'a: [', wrong.yaml, line 1",
    "'mode: LOCAL\nmode: LOCAL', wrong.yaml, line 2",
    "'mood: x', wrong.yaml, line 1: there is no setting 'mood'",
    "'caches: 7', wrong.yaml, line 1: caches must hold",
    "'caches:\n  prices: 7', wrong.yaml, line 2: prices must hold",
    "'caches:\n  prices:\n    mode: [x]', wrong.yaml, line 3: mode must be one value",
  })
  void wrongYamlIsAnErrorWithItsLine(String text, String file, String said) {
    assertThatThrownBy(() -> read("wrong.yaml", text))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining(file)
        .hasMessageContaining(said);
  }

  @Test
  void anExpiryAndAPolicyAreAnErrorWithLineAndKey() throws IOException {
    String policy = "javax.cache.expiry.EternalExpiryPolicy";
    ManagerFile file =
        read("two.yaml", "caches:\n  c:\n    timeToLive: PT5M\n    expiryPolicy: " + policy + "\n");
    assertThatThrownBy(() -> cache(file, "c"))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("two.yaml, line 4: expiryPolicy = '" + policy + "'")
        .hasMessageContaining("timeToLive as well")
        .hasMessageContaining("two.yaml, line 3");
  }

  /** A loader that counts how many there are. */
  public static final class Counted implements CacheLoader<Object, Object>, AutoCloseable {
    static final AtomicInteger MADE = new AtomicInteger();
    static final AtomicInteger OPEN = new AtomicInteger();

    public Counted() {
      MADE.incrementAndGet();
      OPEN.incrementAndGet();
    }

    @Override
    public Object load(Object key) {
      return key;
    }

    @Override
    public Map<Object, Object> loadAll(Iterable<?> keys) {
      return Map.of();
    }

    @Override
    public void close() {
      OPEN.decrementAndGet();
    }
  }

  /** It is no loader after all. */
  public static final class Broken implements CacheLoader<Object, Object> {
    public Broken() {
      throw new IllegalStateException("no database");
    }

    @Override
    public Object load(Object key) {
      return key;
    }

    @Override
    public Map<Object, Object> loadAll(Iterable<?> keys) {
      return Map.of();
    }
  }

  private static final String FIRST = "  first:\n    loader: " + Counted.class.getName() + "\n";

  private Path file(String second) throws IOException {
    return Files.writeString(folder.resolve("half.yaml"), "caches:\n" + FIRST + second);
  }

  /** Other members would find the first, which nobody here has. */
  @Test
  void aFileWhoseSecondCacheIsWrongLeavesNothing() throws IOException {
    try (TestCluster members = TestCluster.of(1)) {
      Cluster cluster = members.node(0);
      for (String wrong : List.of("owners: 0", "keyType: com.acme.Nothing")) {
        URI uri = file("  second:\n    " + wrong + "\n").toUri();
        assertThatThrownBy(() -> MemogridCachingProvider.managerOn(cluster, uri))
            .isInstanceOf(CacheException.class)
            .hasMessageContaining("half.yaml, line 5: " + wrong.replace(": ", " = '"));
        assertThat(cluster.cacheNames()).isEmpty();
        assertThat(Counted.MADE).hasValue(0);
      }
    }
  }

  @Test
  void whatAFileNamesIsMadeWithItsCacheAndClosedIfAnotherCannotBe() throws IOException {
    try (Cluster cluster = Cluster.local()) {
      URI uri = file("  second:\n    loader: " + Broken.class.getName() + "\n").toUri();
      assertThatThrownBy(() -> MemogridCachingProvider.managerOn(cluster, uri))
          .isInstanceOf(CacheException.class)
          .hasMessageContaining("half.yaml, line 5: loader = ")
          .hasRootCauseMessage("no database");
      assertThat(Counted.OPEN).hasValue(0);
      assertThat(cluster.cacheNames()).isEmpty();

      Counted.MADE.set(0);
      try (CacheManager manager = MemogridCachingProvider.managerOn(cluster, file("").toUri())) {
        assertThat(manager.getCacheNames()).containsExactly("first");
        assertThat(Counted.MADE).hasValue(1);
      }
      assertThat(Counted.OPEN).hasValue(0);
      Counted.MADE.set(0);
    }
  }

  @Test
  void blanksAfterAValueOfAManagerSayNothing() throws IOException {
    ManagerFile file = read("blank.properties", "namespace = shop \nmode = LOCAL\t\n");
    assertThat(requireNonNull(file.own().get("namespace")).value()).isEqualTo("shop");
    assertThat(requireNonNull(file.own().get("mode")).value()).isEqualTo("LOCAL");
  }

  @Test
  void wrongPropertiesAreAnErrorWithTheirLine() {
    assertThatThrownBy(() -> read("wrong.properties", "mode = LOCAL\ncaches.mode = LOCAL\n"))
        .isInstanceOf(CacheException.class)
        .hasMessageContaining("line 2: caches.mode: give caches.NAME.SETTING");
    assertThatThrownBy(() -> read("wrong.properties", "mode = LOCAL\n\nmode = LOCAL\n"))
        .hasMessageContaining("line 3: mode = 'LOCAL': it is set already")
        .hasMessageContaining("line 1");
    assertThatThrownBy(() -> read("wrong.properties", "a = \\u00zz\n"))
        .hasMessageContaining("line 1");
  }
}
