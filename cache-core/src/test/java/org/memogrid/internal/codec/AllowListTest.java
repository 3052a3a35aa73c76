/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memogrid.internal.codec.Shapes.Empty;
import org.memogrid.internal.codec.Shapes.Holder;
import org.memogrid.internal.codec.Shapes.Price;
import org.memogrid.internal.codec.Shapes.Side;

class AllowListTest {
  private static final String SHAPES = Shapes.class.getName();
  private static final DefaultCodec ALL = DefaultCodec.allowing(List.of("org.memogrid.*"));
  private static final DefaultCodec HOLDERS = DefaultCodec.allowing(List.of(SHAPES + "$Holder"));

  @Test
  void packagesIncludeWhatIsBelowThem() {
    AllowList list = new AllowList(List.of("com.acme.*", "org.one.Price", " org.two.* "));
    assertThat(Stream.of("com.acme.A", "com.acme.A$B", "com.acme.sub.A", "org.one.Price"))
        .allMatch(list::allows);
    assertThat(list.allows("org.two.A")).isTrue();
    assertThat(Stream.of("com.acmenot.A", "com.acme", "com", "org.one.Price$Tick", "A", "", "."))
        .noneMatch(list::allows);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "*", "com.acme.", "com.*.A", "com.acme*", "com acme.A", ".*", "[I"})
  void patternsThatAreNoneAreRefused(String pattern) {
    assertThatThrownBy(() -> DefaultCodec.allowing(List.of(pattern)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + pattern + "\"")
        .hasMessageContaining("\"com.acme.*\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"java.*", "java.util.*", "javax.swing.*", "jdk.internal.*", "sun.misc.*"})
  void packagesOfTheJdkAreRefused(String pattern) {
    assertThatThrownBy(() -> DefaultCodec.allowing(List.of(pattern)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + pattern + "\"");
  }

  @Test
  void aClassOffTheListIsRefusedByTheWriterWithTheLineToAdd() {
    for (Object whole : wholes(new Empty())) {
      assertThatThrownBy(() -> HOLDERS.encode(whole))
          .as("%s", whole.getClass())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("ClusterBuilder.allow(\"" + SHAPES + "$Empty\")")
          .hasMessageContaining("memogrid.allow=" + SHAPES + "$Empty");
    }
    assertThat(HOLDERS.decode(HOLDERS.encode(new Holder("x")))).isEqualTo(new Holder("x"));
  }

  @Test
  void aClassOffTheListIsRefusedByTheReaderToo() {
    for (Object whole : wholes(new Empty())) {
      byte[] bytes = ALL.encode(whole);
      assertThatThrownBy(() -> HOLDERS.decode(bytes))
          .as("%s", whole.getClass())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("ClusterBuilder.allow(\"" + SHAPES + "$Empty\")");
    }
    assertThatThrownBy(() -> HOLDERS.decode(ALL.encode(Side.SELL)))
        .hasMessageContaining("ClusterBuilder.allow(\"" + SHAPES + "$Side\")");
  }

  private static List<Object> wholes(Object part) {
    Map<Object, Object> map = new HashMap<>();
    map.put(part, 1);
    return List.of(
        part,
        new Holder(part),
        new Holder(new Holder(part)),
        new ArrayList<>(List.of(part)),
        List.of(part),
        map,
        Map.of(1, part),
        Optional.of(part),
        new Object[] {part},
        new Empty[] {},
        new Empty[][] {{}});
  }

  @Test
  void aRefusedClassRunsNoCode() {
    byte[] bytes = ALL.encode(new Holder("org.memogrid.internal.codec.Shapes$Trop"));
    // The bytes of a Trap, written by hand since making one would spring it.
    DefaultCodec traps = DefaultCodec.allowing(List.of(SHAPES + "$Trap", SHAPES + "$Holder"));
    byte[] trap = TrapBytes.of(ALL);
    assertThatThrownBy(() -> HOLDERS.decode(trap))
        .hasMessageContaining("ClusterBuilder.allow(\"" + SHAPES + "$Trap\")");
    assertThat(System.getProperty("memogrid.test.trap")).isNull();
    assertThat(traps.decode(trap)).isInstanceOf(Shapes.Trap.class);
    assertThat(System.getProperty("memogrid.test.trap")).as("the trap works").isEqualTo("sprung");
    assertThat(bytes).isNotEmpty();
  }

  @Test
  void whatIsNoValueIsRefusedWithAReason() {
    refused(new File("x"), "java.io.File may not cross the wire");
    refused(new Holder(new File("x")), "java.io.File may not cross the wire");
    refused(InetSocketAddress.createUnresolved("x", 1), "java.net.InetSocketAddress");
    refused(Thread.currentThread(), "may not cross the wire");
    refused(Stream.of(1), "may not cross the wire");
    refused(new AtomicReference<>(1), "java.util.concurrent.atomic.AtomicReference");
    refused(String.class, "java.lang.Class may not cross");
    refused(new Object(), "java.lang.Object may not cross");
    refused((Supplier<Integer>) () -> 1, "it is a lambda");
    refused(new Shapes.Tags(), "Tags can't cross the wire: it inherits state from java.util.");
    refused(new Shapes.Failure(), "inherits state from java.lang.Throwable");
    refused(
        new Shapes.Sealed(1),
        "it has a serialization of its own (Sealed.readObject), so its fields");
    refused(new Shapes.Stamped(), "serialization of its own (Sealed.readObject)");
    refused(new Shapes.Alias(1), "serialization of its own (Alias.writeReplace)");
    refused(new Shapes.Packed(), "serialization of its own (Externalizable)");
    int captured = List.of(1, 2).size();
    refused(
        new Object() {
          final int value = captured;

          @Override
          public String toString() {
            return "" + captured + value;
          }
        },
        "it holds on to what surrounds it");
  }

  private static void refused(Object object, String message) {
    assertThatThrownBy(() -> ALL.encode(object))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void anExactClassOfTheJdkOpensNothing() {
    DefaultCodec files = DefaultCodec.allowing(List.of("java.io.File"));
    assertThatThrownBy(() -> files.encode(new File("x")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("java.io.File can't cross the wire");
  }

  @Test
  void theReaderRefusesTheJdkByNameAsWell() {
    byte[] bytes = ALL.encode(new Price("java.lang.Thread", 1, Side.BUY));
    assertThat(ALL.decode(bytes)).isEqualTo(new Price("java.lang.Thread", 1, Side.BUY));
    for (String name :
        List.of("java.lang.Thread", "java.lang.ProcessBuilder", "[Ljava.io.File;", "[Lx", "[[")) {
      assertThatThrownBy(() -> ALL.decode(TrapBytes.ofClass(name)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("may not cross the wire: it is not on the allow list");
    }
  }
}
