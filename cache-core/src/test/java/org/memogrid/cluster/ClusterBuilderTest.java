/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.function.Consumer;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.CacheWriter;
import org.memogrid.internal.engine.Discovery;
import org.memogrid.internal.engine.EngineOptions;
import org.memogrid.internal.engine.Expected;

class ClusterBuilderTest {
  private static final CacheWriter<Object, Object> NOTHING =
      new CacheWriter<>() {
        @Override
        public void write(Object key, Object value) {}

        @Override
        public void delete(Object key) {}
      };

  @Test
  void withoutACallTheDefaultsHold() {
    EngineOptions options = Cluster.builder().options();
    assertThat(options.cluster()).isEqualTo("memogrid");
    assertThat(options.node()).contains("-" + ProcessHandle.current().pid());
    assertThat(options.bind()).isEqualTo("127.0.0.1");
    assertThat(options.port()).isEqualTo(7800);
    assertThat(options.lastPort()).isEqualTo(7809);
    assertThat(options.discovery()).isEqualTo(new Discovery.SameMachine());
    assertThat(options.partitions()).isEqualTo(Partitions.AVAILABLE);
    assertThat(options.expected()).isEqualTo(Expected.ANYBODY);
  }

  @Test
  void membersOfOneProcessGetNamesOfTheirOwn() {
    assertThat(Cluster.builder().options().node()).isNotEqualTo(Cluster.builder().options().node());
  }

  @Test
  void badValuesAreRefusedAtOnce() {
    refused(b -> b.name(" "), "name is ' '");
    refused(b -> b.name("x".repeat(201)), "at most 200 bytes");
    refused(b -> b.nodeName(""), "nodeName is ''");
    refused(b -> b.bind(" "), "bind is ' '");
    refused(b -> b.port(0), "port is '0'");
    refused(b -> b.port(65_535), "port is '65535'");
    refused(b -> b.seeds(), "give at least one host:port");
    refused(b -> b.seeds("here:1", "there"), "seeds is 'there': give host:port");
    refused(b -> b.seeds("there:0"), "seeds is 'there:0'");
    refused(b -> b.seeds(":7800"), "seeds is ':7800'");
    refused(b -> b.seeds("there:99999"), "seeds is 'there:99999'");
    refused(b -> b.dns(""), "dns is ''");
    refused(b -> b.stack(Path.of("no-such-file.xml")), "no-such-file.xml");
    refused(b -> b.allow("com.acme.*", " "), "allows nothing");
    refused(b -> b.loaderAndWriter(" ", key -> null, NOTHING), "loaderAndWriter is ' '");
    refused(b -> b.loaderAndWriter("x".repeat(201), key -> null, NOTHING), "at most 200 bytes");
    refused(b -> b.dataSource("jdbc:h2:mem:x", new JdbcDataSource()), "give a name, not a URL");
    refused(b -> b.expectMembers(0, Duration.ofSeconds(1)), "expectMembers is '0'");
    refused(b -> b.expectMembers(2, Duration.ZERO), "expectMembers is 'PT0S'");
  }

  @Test
  @SuppressWarnings("NullAway") // on purpose
  void nullIsNamed() {
    named(b -> b.name(null), "name");
    named(b -> b.nodeName(null), "nodeName");
    named(b -> b.bind(null), "bind");
    named(b -> b.dns(null), "service");
    named(b -> b.stack(null), "file");
    named(b -> b.codec(null), "codec");
    named(b -> b.partitions(null), "partitions");
    named(b -> b.expectMembers(2, null), "within");
    named(b -> b.dataSource("shop", null), "source");
    named(b -> b.loaderAndWriter("rows", null, NOTHING), "loader");
    named(b -> b.loaderAndWriter("rows", key -> null, null), "writer");
  }

  @Test
  void aNameStandsForOne() {
    contradicts(
        b -> b.loaderAndWriter("rows", key -> null, NOTHING),
        b -> b.loaderAndWriter("rows", key -> null, NOTHING),
        "loaderAndWriter(rows)",
        "loaderAndWriter(rows)");
    contradicts(
        b -> b.dataSource("shop", new JdbcDataSource()),
        b -> b.dataSource("shop", new JdbcDataSource()),
        "dataSource(shop)",
        "dataSource(shop)");
  }

  @Test
  void waysToFindMembersExcludeEachOther(@TempDir Path folder) throws Exception {
    Path stack = Files.writeString(folder.resolve("stack.xml"), "<config/>");
    contradicts(b -> b.seeds("a:1"), ClusterBuilder::multicast, "'multicast'", "'seeds a:1'");
    contradicts(ClusterBuilder::multicast, b -> b.dns("s"), "'dns s'", "'multicast'");
    contradicts(b -> b.dns("s"), b -> b.stack(stack), "'stack ", "'dns s'");
    contradicts(b -> b.stack(stack), b -> b.seeds("a:1"), "'seeds a:1'", "'stack ");
    contradicts(b -> b.stack(stack), b -> b.port(1), "port(1)", "'stack ");
    contradicts(b -> b.bind("127.0.0.1"), b -> b.stack(stack), "stack(", "bind(127.0.0.1)");
  }

  @Test
  void aCodecHasItsOwnListOfClasses() {
    contradicts(b -> b.allow("com.acme.*"), b -> b.codec(CODEC), "codec(", "allow([com.acme.*])");
    contradicts(b -> b.codec(CODEC), b -> b.allow("com.acme.*"), "allow([com.acme.*])", "codec(");
    assertThat(Cluster.builder().codec(CODEC).options().codec()).isSameAs(CODEC);
  }

  @Test
  void theEnvironmentFillsWhatIsNotSet() {
    Properties system = properties("memogrid.port", "7900", "memogrid.cluster.name", "sys");
    Map<String, String> variables =
        Map.of("MEMOGRID_PORT", "7901", "MEMOGRID_NODE_NAME", "var", "MEMOGRID_SEEDS", "a:1, b:2");
    Properties file =
        properties(
            "memogrid.node.name", "file",
            "memogrid.partitions", "consistent",
            "memogrid.expect.members", "3",
            "memogrid.expect.within", "PT5S");
    EngineOptions options =
        Cluster.builder().from(new Environment(system, variables, file)).name("chosen").options();
    assertThat(options.cluster()).isEqualTo("chosen");
    assertThat(options.port()).isEqualTo(7900);
    assertThat(options.node()).isEqualTo("var");
    assertThat(options.discovery()).hasToString("seeds a:1, b:2");
    assertThat(options.partitions()).isEqualTo(Partitions.CONSISTENT);
    assertThat(options.expected()).isEqualTo(new Expected(3, Duration.ofSeconds(5)));
  }

  @Test
  void aChosenWayToFindMembersOverridesTheEnvironmentsOne() {
    EngineOptions options =
        Cluster.builder().from(environment("memogrid.multicast", "true")).seeds("a:1").options();
    assertThat(options.discovery()).hasToString("seeds a:1");
  }

  @Test
  void aWrongSettingOfTheEnvironmentNamesItsSource() {
    wrong("memogrid.port", "many", "system property memogrid.port = 'many': that is no whole");
    wrong("memogrid.seeds", "x", "seeds is 'x': give host:port");
    wrong("memogrid.multicast", "perhaps", "give true or false");
    wrong("memogrid.partitions", "some", "give one of [AVAILABLE, CONSISTENT]");
    wrong("memogrid.stack", "none.xml", "there is no such file");
    assertThatThrownBy(
            () ->
                new Environment(new Properties(), Map.of("MEMOGRID_PORT", "0"), new Properties())
                    .settings())
        .hasMessageStartingWith("environment variable MEMOGRID_PORT = '0': port is '0'");
    assertThatThrownBy(
            () ->
                new Environment(new Properties(), Map.of(), properties("memogrid.bind", " "))
                    .settings())
        .hasMessageStartingWith("memogrid.bind in memogrid.properties = ''");
  }

  @Test
  void aProcessThatIsToStayAloneOpensNoSocket() {
    try (Cluster alone = Cluster.builder().from(environment("memogrid.cluster", "none")).join()) {
      assertThat(alone.membership().members()).containsExactly(alone.self());
      assertThatThrownBy(() -> alone.unwrap(org.memogrid.internal.engine.ClusterEngine.class))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void theSharedClusterIsJoinedAgainAfterItsClose() {
    System.setProperty("memogrid.cluster", "none");
    try {
      Cluster first = Cluster.shared();
      assertThat(Cluster.shared()).isSameAs(first);
      first.close();
      Cluster second = Cluster.shared();
      assertThat(second).isNotSameAs(first);
      assertThat(second.self()).isNotEqualTo(first.self());
      second.close();
    } finally {
      System.clearProperty("memogrid.cluster");
    }
  }

  private static final Codec CODEC =
      new Codec() {
        @Override
        public byte[] encode(Object object) {
          return new byte[0];
        }

        @Override
        public Object decode(byte[] bytes) {
          return "";
        }
      };

  private static void refused(Consumer<ClusterBuilder> setter, String message) {
    assertThatThrownBy(() -> setter.accept(Cluster.builder()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  private static void named(Consumer<ClusterBuilder> setter, String argument) {
    assertThatThrownBy(() -> setter.accept(Cluster.builder()))
        .isInstanceOf(NullPointerException.class)
        .hasMessage(argument);
  }

  private static void contradicts(
      Consumer<ClusterBuilder> first, Consumer<ClusterBuilder> second, String now, String before) {
    ClusterBuilder builder = Cluster.builder();
    first.accept(builder);
    assertThatThrownBy(() -> second.accept(builder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(now)
        .hasMessageContaining("contradicts " + before);
  }

  private static void wrong(String key, String value, String message) {
    assertThatThrownBy(() -> Cluster.builder().from(environment(key, value)).options())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  private static Environment environment(String... pairs) {
    return new Environment(properties(pairs), Map.of(), new Properties());
  }

  private static Properties properties(String... pairs) {
    Properties properties = new Properties();
    for (int i = 0; i < pairs.length; i += 2) {
      properties.setProperty(pairs[i], pairs[i + 1]);
    }
    return properties;
  }
}
