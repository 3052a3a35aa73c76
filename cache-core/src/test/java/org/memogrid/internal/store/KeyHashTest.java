/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.memogrid.internal.store.KeyHashSamples.FIELDS;
import static org.memogrid.internal.store.KeyHashSamples.TEXT;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.memogrid.internal.store.KeyHashSamples.Colour;
import org.memogrid.internal.store.KeyHashSamples.Palette;
import org.memogrid.internal.store.KeyHashSamples.Plain;
import org.memogrid.internal.store.KeyHashSamples.Shade;

@SuppressWarnings("UnnecessaryStringBuilder")
class KeyHashTest {
  @Test
  void everyJvmPlacesAlikeHoweverItWasStarted() throws Exception {
    Properties here = new Properties();
    KeyHashSamples.all().forEach((n, key) -> here.put(n, "" + KeyHash.of(key, FIELDS)));
    Set<Object> hashCodesOfTheJvms = new HashSet<>();
    for (List<String> flags :
        List.of(
            List.of("-XX:+UseSerialGC", "-XX:hashCode=0"),
            List.of("-XX:+UseParallelGC", "-XX:hashCode=2"),
            List.of("-XX:+UseSerialGC", "-XX:hashCode=3", "-Xint"))) {
      Properties there = placementIn(flags);
      hashCodesOfTheJvms.add(there.remove("jvm"));
      assertThat(there).as("placement with %s", flags).isEqualTo(here);
    }
    assertThat(hashCodesOfTheJvms).as("else this test shows nothing").hasSizeGreaterThan(1);
  }

  private static Properties placementIn(List<String> flags) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:+UnlockExperimentalVMOptions");
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(KeyHashSamples.class.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    Properties printed = new Properties();
    printed.load(process.inputReader(StandardCharsets.UTF_8));
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as("%s", printed).isZero();
    return printed;
  }

  @Test
  void placementIsTheSameInEveryRelease() {
    assertThat(KeyHash.of("key", FIELDS)).isEqualTo(1773979932);
    assertThat(KeyHash.of(new Shade(Colour.BLUE, 3), FIELDS)).isEqualTo(-2022542299);
    assertThat(KeyHash.of(List.of(1, "x"), FIELDS)).isEqualTo(-1937362542);
    assertThat(KeyHash.of(Map.of("a", 1, "b", 2), FIELDS)).isEqualTo(1881546442);
  }

  @Test
  void equalKeysOfOtherImplementationsMeet() {
    same(List.of(1, 2), new ArrayList<>(List.of(1, 2)));
    same(Set.of("a", "b"), new LinkedHashSet<>(List.of("b", "a")));
    Map<String, Integer> map = new LinkedHashMap<>();
    map.put("b", 2);
    map.put("a", 1);
    same(Map.of("a", 1, "b", 2), map);
    same(Map.entry("a", 1), new HashMap<>(Map.of("a", 1)).entrySet().iterator().next());
    same(URI.create("http://EXAMPLE.org/a"), URI.create("HTTP://example.org/a"));
    same(Colour.BLUE, Enum.valueOf(Colour.class, "BLUE"));
    same(
        new Palette("p", Set.of(Colour.RED), Map.of(), 1),
        new Palette(
            "p", new HashSet<>(List.of(Colour.RED)), Collections.unmodifiableMap(Map.of()), 1));
    Shade shade = new Shade(Colour.RED, 1);
    same(List.of(shade, shade), List.of(shade, new Shade(Colour.RED, 1)));
  }

  private static void same(Object one, Object other) {
    assertThat(one).isEqualTo(other);
    assertThat(KeyHash.of(one, TEXT)).isEqualTo(KeyHash.of(other, TEXT));
  }

  @Test
  void plainClassesGoByTheirLastingFieldsOnlyIfTheCodecDoes() {
    Plain one = new Plain(Colour.RED, List.of(1, 2));
    Plain other = new Plain(Colour.RED, new ArrayList<>(List.of(1, 2)));
    other.cachedHash = 7;
    assertThat(KeyHash.of(one, FIELDS)).isEqualTo(KeyHash.of(other, FIELDS));
    assertThat(KeyHash.of(one, FIELDS))
        .isNotEqualTo(KeyHash.of(new Plain(Colour.GREEN, List.of(1, 2)), FIELDS));
    assertThat(KeyHash.of(one, TEXT)).isEqualTo(HashMix.ofBytes(TEXT.encode(one)));
  }

  @Test
  void keysAreSpread() {
    spread(i -> i);
    spread(i -> i * 1024);
    spread(i -> (long) i << 32);
    spread(i -> "key" + i);
    spread(i -> new Shade(Colour.RED, i));
    spread(i -> List.of(i, "x"));
    spread(i -> new StringBuilder("key").append(i));
  }

  /** Every place of 256 gets its 40 of 10,000 keys, give or take five standard deviations. */
  private static void spread(IntFunction<Object> keys) {
    for (int shift : new int[] {0, 12, 24}) {
      int[] places = new int[256];
      for (int i = 0; i < 10_240; i++) {
        places[KeyHash.of(keys.apply(i), TEXT) >>> shift & 255]++;
      }
      assertThat(Arrays.stream(places).min().getAsInt()).isGreaterThan(8);
      assertThat(Arrays.stream(places).max().getAsInt()).isLessThan(76);
    }
  }

  @Test
  void bytesAreHashedByMurmur3() {
    assertThat(murmur("")).isEqualTo(0);
    assertThat(murmur("hello")).isEqualTo(0x248bfa47);
    assertThat(murmur("hello, world")).isEqualTo(0x149bbb7f);
    assertThat(murmur("The quick brown fox jumps over the lazy dog")).isEqualTo(0x2e4ff723);
  }

  private static int murmur(String text) {
    return HashMix.ofBytes(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aKeyThatContainsItselfIsRefused() {
    List<Object> list = new ArrayList<>();
    list.add(list);
    assertThatThrownBy(() -> KeyHash.of(list, FIELDS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("contains itself (at java.util.ArrayList)");
  }

  @Test
  void nullsAreNamed() {
    assertThatThrownBy(() -> KeyHash.of(nothing(), FIELDS))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("key");
    assertThatThrownBy(() -> KeyHash.of("key", nothing()))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("codec");
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T> T nothing() {
    return (T) Collections.singletonList(null).get(0);
  }
}
