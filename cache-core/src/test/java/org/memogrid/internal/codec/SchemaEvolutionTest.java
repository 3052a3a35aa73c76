/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two members run two versions of a class, as they do while a new version is rolled out. */
class SchemaEvolutionTest {
  @TempDir Path dir;

  @Test
  void aFieldAddedToARecordArrivesEmptyFromTheOldAndIsDroppedByTheOld() throws Exception {
    Version old = new Version("old", "record Price(String name, int cents) {}");
    Version now =
        new Version("new", "record Price(int cents, String currency, String name, long stamp) {}");

    assertThat(old.make("x", 5)).hasToString("Price[name=x, cents=5]");
    assertThat(now.read(old.write(old.make("x", 5))))
        .hasToString("Price[cents=5, currency=null, name=x, stamp=0]");
    assertThat(old.read(now.write(now.make(5, "NOK", "x", 9L))))
        .hasToString("Price[name=x, cents=5]");
    byte[] two = now.write(List.of(now.make(1, "NOK", "a", 9L), now.make(2, "SEK", "b", 9L)));
    assertThat(old.read(two)).hasToString("[Price[name=a, cents=1], Price[name=b, cents=2]]");
  }

  @Test
  void aFieldAddedToAPlainClass() throws Exception {
    String rest =
        " public String toString() { return \"\" + cents + name; }"
            + " public Price(int c, String n) { cents = c; name = n; } }";
    Version old = new Version("old", "class Price { final int cents; private String name;" + rest);
    Version now =
        new Version("new", "class Price { final int cents; String name; Long stamp = 5L;" + rest);
    assertThat(now.read(old.write(old.make(3, "x")))).hasToString("3x");
    assertThat(old.read(now.write(now.make(3, "x")))).hasToString("3x");
  }

  @Test
  void aFieldMayBecomeWider() throws Exception {
    Version old = new Version("old", "record Price(int cents, int units) {}");
    Version now = new Version("new", "record Price(long cents, Integer units) {}");
    assertThat(now.read(old.write(old.make(1, 2)))).hasToString("Price[cents=1, units=2]");
    assertThatThrownBy(() -> old.read(now.write(now.make(1L, 2))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Price can't be made from the fields that arrived");
  }

  @Test
  void aConstantThatTheReaderLacksIsNamed() throws Exception {
    Version old = new Version("old", "enum Price { LOW, HIGH }");
    Version now = new Version("new", "enum Price { NONE, LOW, HIGH, TOP }");
    assertThat(now.read(old.write(old.constant("LOW")))).hasToString("LOW");
    assertThat(old.read(now.write(now.constant("HIGH")))).hasToString("HIGH");
    assertThatThrownBy(() -> old.read(now.write(now.constant("TOP"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("enum acme.Price has no constant TOP");
  }

  @Test
  void aClassThatTheReaderLacksIsNamed() throws Exception {
    Version one = new Version("one", "record Price(int cents) {}");
    Version other = new Version("other", "record Cost(int cents) {}");
    assertThatThrownBy(() -> other.read(one.write(one.make(1))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("acme.Price");
  }

  /** A class acme.Price as one member has it, and that member's codec. */
  private final class Version {
    private final ClassLoader loader;
    private final DefaultCodec codec;

    Version(String name, String source) throws IOException {
      Path here = Files.createDirectories(dir.resolve(name));
      Path file = here.resolve(source.contains("Cost") ? "Cost.java" : "Price.java");
      Files.writeString(file, "package acme; public " + source);
      int result =
          ToolProvider.getSystemJavaCompiler()
              .run(null, null, null, "-d", here.toString(), file.toString());
      assertThat(result).isZero();
      loader = new URLClassLoader(new URL[] {here.toUri().toURL()}, null);
      ClassLoader before = Thread.currentThread().getContextClassLoader();
      Thread.currentThread().setContextClassLoader(loader);
      try {
        codec = DefaultCodec.allowing(List.of("acme.*"));
      } finally {
        Thread.currentThread().setContextClassLoader(before);
      }
    }

    Object make(Object... values) throws ReflectiveOperationException {
      return Stream.of(loader.loadClass("acme.Price").getConstructors())
          .findFirst()
          .orElseThrow()
          .newInstance(values);
    }

    Object constant(String name) throws ReflectiveOperationException {
      return loader.loadClass("acme.Price").getField(name).get(null);
    }

    byte[] write(Object object) {
      return codec.encode(object);
    }

    Object read(byte[] bytes) {
      return codec.decode(bytes);
    }
  }
}
