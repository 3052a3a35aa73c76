/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.esotericsoftware.kryo.io.Output;
import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.memogrid.internal.codec.Shapes.Dog;
import org.memogrid.internal.codec.Shapes.Holder;
import org.memogrid.internal.codec.Shapes.Order;
import org.memogrid.internal.codec.Shapes.Price;
import org.memogrid.internal.codec.Shapes.Side;

/** Bytes that nobody of good will wrote: an IllegalArgumentException, and nothing else. */
class HostileBytesTest {
  private static final long SEED = Long.getLong("memogrid.seed", 20_240_229);
  private static final int ROUNDS = Integer.getInteger("memogrid.rounds", 40_000);

  private final DefaultCodec codec = DefaultCodec.allowing(List.of("org.memogrid.internal.*"));

  private List<byte[]> seeds() {
    Price price = new Price("ACME", 1234, Side.SELL);
    List<Object> objects = new ArrayList<>(JdkSamples.values());
    objects.addAll(JdkSamples.collections(price));
    objects.add(new Order(1, price, List.of(price), Map.of("a", new Dog("d", "e", price))));
    objects.add(new int[] {1, 2, 3});
    objects.add(new Price[] {price});
    objects.add(new Holder(new Holder(List.of(new byte[20], new double[3], new boolean[2]))));
    return objects.stream().map(codec::encode).toList();
  }

  @Test
  void truncatedBytes() {
    for (byte[] whole : seeds()) {
      for (int length = 0; length < whole.length; length++) {
        byte[] part = Arrays.copyOf(whole, length);
        assertThatThrownBy(() -> codec.decode(part)).isInstanceOf(IllegalArgumentException.class);
      }
      byte[] more = Arrays.copyOf(whole, whole.length + 1);
      assertThatThrownBy(() -> codec.decode(more)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void mutatedAndRandomBytes() {
    Random random = new Random(SEED);
    List<byte[]> seeds = seeds();
    long refused = 0;
    for (int i = 0; i < ROUNDS; i++) {
      byte[] bytes = seeds.get(random.nextInt(seeds.size())).clone();
      if (random.nextInt(4) == 0) {
        bytes = new byte[random.nextInt(64)];
        random.nextBytes(bytes);
      }
      for (int m = random.nextInt(4); m >= 0 && bytes.length > 0; m--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      refused += triesToDecode(bytes) ? 0 : 1;
    }
    assertThat(refused).as("of %s", ROUNDS).isGreaterThan(ROUNDS / 4);
    Price price = new Price("ACME", 1234, Side.SELL);
    assertThat(codec.decode(codec.encode(price))).as("the codec goes on").isEqualTo(price);
  }

  @CanIgnoreReturnValue
  private boolean triesToDecode(byte[] bytes) {
    try {
      Object decoded = codec.decode(bytes);
      return decoded != null;
    } catch (IllegalArgumentException e) {
      return false;
    } catch (Throwable e) {
      throw new AssertionError("seed " + SEED + ": " + Arrays.toString(bytes), e);
    }
  }

  /** A promise of two thousand million elements must not be believed. */
  @Test
  void hugeLengths() {
    for (byte[] seed : seeds()) {
      for (int at = 1; at < seed.length; at++) {
        for (int claimed : new int[] {Integer.MAX_VALUE - 8, 100_000_000, -1}) {
          Output out = new Output(seed.length + 8, -1);
          out.writeBytes(seed, 0, at);
          out.writeVarInt(claimed, true);
          out.writeBytes(seed, at, seed.length - at);
          long before = allocated();
          triesToDecode(out.toBytes());
          assertThat(allocated() - before)
              .as("bytes allocated for %s", Arrays.toString(out.toBytes()))
              .isLessThan(10_000_000);
        }
      }
    }
  }

  private static long allocated() {
    return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
        .getCurrentThreadAllocatedBytes();
  }

  /** Nests a thousand times as deep as anything the writer would write. */
  @Test
  void deepNesting() {
    byte[] level = new byte[3];
    byte[] wrapped = codec.encode(new ArrayList<>(List.of("x")));
    System.arraycopy(wrapped, 0, level, 0, 3);
    Output out = new Output(1024, -1);
    for (int i = 0; i < 1_000_000; i++) {
      out.writeBytes(level);
      out.writeVarInt(1, true);
    }
    byte[] bytes = out.toBytes();
    assertThatThrownBy(() -> codec.decode(bytes))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Max depth exceeded");
  }
}
