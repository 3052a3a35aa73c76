/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.memogrid.internal.codec.Shapes.Dog;
import org.memogrid.internal.codec.Shapes.Everything;
import org.memogrid.internal.codec.Shapes.Holder;
import org.memogrid.internal.codec.Shapes.Node;
import org.memogrid.internal.codec.Shapes.Order;
import org.memogrid.internal.codec.Shapes.Positive;
import org.memogrid.internal.codec.Shapes.Price;
import org.memogrid.internal.codec.Shapes.Side;
import org.memogrid.internal.store.KeyHash;

@SuppressWarnings("JdkObsolete") // users have them
class DefaultCodecTest {
  private final DefaultCodec codec = DefaultCodec.allowing(List.of("org.memogrid.internal.*"));

  private static final Price PRICE = new Price("ACME", 1234, Side.SELL);

  @Test
  void valuesOfTheJdkCross() {
    JdkSamples.values().forEach(this::crosses);
  }

  @Test
  void usersClassesCross() {
    crosses(PRICE);
    crosses(new Order(1, PRICE, List.of(PRICE, PRICE), Map.of("a", 1, "b", List.of("x"))));
    crosses(new Shapes.Empty());
    crosses(new Everything(true, (byte) 1, (short) 2, 'c', 4, 5L, 6.5f, 7.5, null));
    crosses(new Everything(false, (byte) -1, (short) -2, '\0', -4, -5L, -6f, -7, "x"));
    crosses(Side.BUY);
    crosses(Side.SELL);
    crosses(new Dog("wolf", "Rex", PRICE));
    crosses(new Dog("wolf", "Rex", null));
    assertThat(((Dog) decoded(new Dog("wolf", "Rex", null))).cached).isZero();
    assertThat((Object[]) decoded(new java.io.Serializable[] {"a", null, 1}))
        .isExactlyInstanceOf(java.io.Serializable[].class)
        .containsExactly("a", null, 1);
    assertThat((Object[]) decoded(new Price[] {PRICE, null, PRICE}))
        .isInstanceOf(Price[].class)
        .containsExactly(PRICE, null, PRICE);
    assertThat(decoded(new int[][] {{1, 2}, {}})).isEqualTo(new int[][] {{1, 2}, {}});
    assertThat(decoded(new Price[][] {{PRICE}})).isEqualTo(new Price[][] {{PRICE}});
  }

  private void crosses(Object object) {
    Object arrived = decoded(object);
    assertThat(arrived).isEqualTo(object);
    assertThat(arrived).hasSameClassAs(object);
    assertThat(KeyHash.of(arrived, codec)).isEqualTo(KeyHash.of(object, codec));
  }

  private Object decoded(Object object) {
    return codec.decode(codec.encode(object));
  }

  @Test
  void collectionsArriveAsWhatTheyWere() {
    JdkSamples.collections(PRICE).forEach(this::crosses);
    assertThat(decoded(new ArrayDeque<>(List.of(1, 2)))).hasToString("[1, 2]");
    assertThat(decoded(new ArrayList<>(List.of(1, 2, 3)).subList(1, 3)))
        .isEqualTo(List.of(2, 3))
        .isInstanceOf(ArrayList.class);
    assertThat(decoded(List.of(1, 2, 3).subList(1, 3))).isEqualTo(List.of(2, 3));
    List<?> linked = Collections.unmodifiableList(new LinkedList<>(List.of(1, 2)));
    assertThat(decoded(linked)).isEqualTo(linked);
    TreeSet<String> backwards = new TreeSet<>(Comparator.reverseOrder());
    backwards.addAll(List.of("a", "b"));
    assertThat(decoded(backwards)).hasToString("[b, a]");
    TreeMap<String, Integer> anyCase = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    anyCase.put("A", 1);
    assertThat(((Map<?, ?>) decoded(anyCase)).get((Object) "a")).isEqualTo(1);
    assertThatThrownBy(() -> ((List<?>) decoded(List.of(1))).clear())
        .isInstanceOf(UnsupportedOperationException.class);
    assertThat(decoded(Stream.of(1, null).toList())).isEqualTo(Arrays.asList(1, null));
    assertThat(decoded(EnumSet.noneOf(Side.class))).isEqualTo(EnumSet.noneOf(Side.class));
    assertThat(decoded(new EnumMap<>(Side.class))).isEqualTo(Map.of());
  }

  @Test
  void graphsKeepTheirShape() {
    Node first = new Node(1);
    Node second = new Node(2);
    first.next = second;
    second.next = first;
    first.others.addAll(List.of(first, second));
    Node arrived = (Node) decoded(first);
    assertThat(Objects.requireNonNull(arrived.next).next).isSameAs(arrived);
    assertThat(arrived.others).containsExactly(arrived, arrived.next);

    List<Object> list = new ArrayList<>();
    list.add(list);
    assertThat(((List<?>) decoded(list)).get(0)).isInstanceOf(ArrayList.class);
    List<?> pair = (List<?>) decoded(Arrays.asList(first, first));
    assertThat(pair.get(0)).isSameAs(pair.get(1));
  }

  @Test
  void aCycleThroughSomethingImmutableIsRefusedByTheWriter() {
    List<Object> list = new ArrayList<>();
    Holder holder = new Holder(list);
    list.add(holder);
    assertThatThrownBy(() -> codec.encode(holder))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Holder contains itself");
    assertThat(decoded(PRICE)).as("the codec goes on").isEqualTo(PRICE);
  }

  @Test
  void deepGraphsAreRefusedOnlyIfTheyAreTooDeep() {
    assertThat(depth(decoded(nested(900)))).isEqualTo(900);
    assertThatThrownBy(() -> codec.encode(nested(100_000)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Holder can't be encoded: Max depth exceeded");
    assertThat(decoded(PRICE)).as("the codec goes on").isEqualTo(PRICE);
  }

  private static Object nested(int depth) {
    Object object = "core";
    for (int i = 0; i < depth; i++) {
      object = new Holder(object);
    }
    return object;
  }

  private static int depth(Object object) {
    int depth = 0;
    for (Object o = object; o instanceof Holder holder; o = holder.held()) {
      depth++;
    }
    return depth;
  }

  @Test
  void bigValuesCross() {
    byte[] bytes = new byte[5_000_000];
    Arrays.fill(bytes, (byte) 3);
    assertThat((byte[]) decoded(bytes)).isEqualTo(bytes);
    crosses("\u00e5".repeat(1_000_000));
    crosses("x".repeat(1_000_000));
    List<Price> prices = new ArrayList<>();
    for (int i = 0; i < 50_000; i++) {
      prices.add(new Price("S" + i, i, Side.BUY));
    }
    crosses(prices);
  }

  /** The numbers and the order of the parts are the format: other JVMs count on them. */
  @Test
  void theFormatStays() {
    assertThat(HexFormat.of().formatHex(codec.encode(List.of(1, "ab"))))
        .isEqualTo("66010202020361e2");
    assertThat(HexFormat.of().formatHex(codec.encode(PRICE)))
        .isEqualTo(
            "01006f72672e6d656d6f677269642e696e7465726e616c2e636f6465632e5368617065732450726963e5"
                + "01100373796d626fec63656e74f3736964e50341434dc509a413"
                + "01016f72672e6d656d6f677269642e696e7465726e616c2e636f6465632e53686170657324536964e553454ccc");
  }

  @Test
  void aRecordThatRefusesItsValuesIsNamed() {
    byte[] bytes = codec.encode(new Positive(1));
    int last = bytes.length - 1;
    assertThat(bytes[last]).isEqualTo((byte) 2); // 1, zigzag
    bytes[last] = 0;
    assertThatThrownBy(() -> codec.decode(bytes))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Positive can't be made")
        .hasMessageContaining("not positive: 0");
  }

  @Test
  void manyThreadsShareACodec() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(16);
    try {
      List<Callable<Boolean>> work = new ArrayList<>();
      for (int t = 0; t < 16; t++) {
        int thread = t;
        work.add(
            () -> {
              for (int i = 0; i < 2_000; i++) {
                Order order =
                    new Order(i, new Price("T" + thread, i, Side.BUY), List.of(PRICE), Map.of());
                if (!order.equals(codec.decode(codec.encode(order)))) {
                  return false;
                }
              }
              return true;
            });
      }
      for (Future<Boolean> done : threads.invokeAll(work, 60, TimeUnit.SECONDS)) {
        assertThat(done.get()).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void nullsAreNamed() {
    assertThatThrownBy(() -> codec.encode(nothing()))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("object");
    assertThatThrownBy(() -> codec.decode(nothing()))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("bytes");
    assertThatThrownBy(() -> DefaultCodec.allowing(nothing()))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("patterns");
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T> T nothing() {
    return (T) Collections.singletonList(null).get(0);
  }
}
