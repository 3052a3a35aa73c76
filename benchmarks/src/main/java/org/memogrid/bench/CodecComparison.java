/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.fory.Fory;
import org.apache.fory.config.CompatibleMode;
import org.memogrid.cluster.Codec;
import org.memogrid.internal.codec.DefaultCodec;

/**
 * One codec, in a JVM of its own: bytes, time of the first use, and of each further one. The
 * argument names it: {@code default}, {@code fory} or {@code fory-interpreted}.
 */
public final class CodecComparison {
  /** The direction of an order. */
  public enum Side {
    BUY,
    SELL
  }

  /** A small value. */
  public record Quote(String symbol, Side side, BigDecimal price, long volume, Instant at) {}

  /** A value of twenty small ones. */
  public record Book(String name, List<Quote> quotes, Map<String, Integer> index) {}

  private static final int BATCHES = 15;

  private CodecComparison() {}

  static Codec codec(String name) {
    return switch (name) {
      case "default" -> DefaultCodec.allowing(List.of("org.memogrid.bench.*"));
      case "fory" -> new ForyCodec(true);
      case "fory-interpreted" -> new ForyCodec(false);
      default ->
          throw new IllegalArgumentException(
              "no codec '" + name + "': give default, fory or fory-interpreted");
    };
  }

  static Quote quote(int number) {
    return new Quote(
        "ACME" + number, Side.SELL, new BigDecimal("12.345"), number, Instant.ofEpochSecond(5, 7));
  }

  static Book book() {
    List<Quote> quotes = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      quotes.add(quote(i));
    }
    return new Book("book", quotes, new HashMap<>(Map.of("a", 1, "b", 2)));
  }

  public static void main(String[] args) {
    String name = args.length == 0 ? "default" : args[0];
    long start = System.nanoTime();
    Codec codec = codec(name);
    check(codec, quote(1));
    long first = System.nanoTime();
    check(codec, book());
    print(name, "first use, ms", (first - start) / 1e6);
    print(name, "second class, ms", (System.nanoTime() - first) / 1e6);
    measure(name + " quote", codec, quote(1), 20_000);
    measure(name + " book", codec, book(), 2_000);
  }

  private static void check(Codec codec, Object object) {
    if (!codec.decode(codec.encode(object)).equals(object)) {
      throw new IllegalStateException("another object arrived: " + object);
    }
  }

  private static void measure(String what, Codec codec, Object object, int times) {
    byte[] bytes = codec.encode(object);
    double encode = Double.MAX_VALUE;
    double decode = Double.MAX_VALUE;
    int seen = 0;
    for (int batch = 0; batch < BATCHES; batch++) {
      long start = System.nanoTime();
      for (int i = 0; i < times; i++) {
        seen += codec.encode(object).length;
      }
      encode = Math.min(encode, (System.nanoTime() - start) / (double) times);
      start = System.nanoTime();
      for (int i = 0; i < times; i++) {
        seen += codec.decode(bytes).hashCode() & 1;
      }
      decode = Math.min(decode, (System.nanoTime() - start) / (double) times);
    }
    print(what, "bytes", bytes.length);
    print(what, "encode, ns", encode);
    print(what, "decode, ns", decode);
    if (seen == 0) {
      throw new IllegalStateException("nothing was encoded");
    }
  }

  private static void print(String what, String unit, double value) {
    System.out.println(String.format(Locale.ROOT, "%-24s %-18s %8.0f", what, unit, value));
  }

  /** One Fory, compatible between versions of a class as the default codec is. */
  private static final class ForyCodec implements Codec {
    private final Fory fory;

    ForyCodec(boolean generatesCode) {
      this.fory =
          Fory.builder()
              .requireClassRegistration(false)
              .suppressClassRegistrationWarnings(true)
              .withRefTracking(true)
              .withCompatibleMode(CompatibleMode.COMPATIBLE)
              .withCodegen(generatesCode)
              .withAsyncCompilation(false)
              .build();
    }

    @Override
    public byte[] encode(Object object) {
      return fory.serialize(object);
    }

    @Override
    public Object decode(byte[] bytes) {
      return fory.deserialize(bytes);
    }
  }
}
