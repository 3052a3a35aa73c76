/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Currency;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.memogrid.cluster.Codec;

/** Keys of all kinds; as a program, prints how this JVM places them. */
@SuppressWarnings({"JavaUtilDate", "UnnecessaryStringBuilder"}) // users have them
public final class KeyHashSamples {
  enum Colour {
    RED,
    GREEN,
    /** A constant with a class of its own. */
    BLUE {
      @Override
      public String toString() {
        return "azure";
      }
    }
  }

  record Shade(Colour colour, int depth) {}

  record Palette(String name, Set<Colour> colours, Map<Colour, Shade> shades, long version) {}

  @SuppressWarnings("UnusedVariable") // read by reflection
  static final class Plain {
    private final Colour colour;
    private final List<Integer> numbers;
    transient int cachedHash;

    Plain(Colour colour, List<Integer> numbers) {
      this.colour = colour;
      this.numbers = numbers;
    }
  }

  /** Knows nothing but text. */
  static final Codec TEXT =
      new Codec() {
        @Override
        public byte[] encode(Object object) {
          return object.toString().getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public Object decode(byte[] bytes) {
          throw new UnsupportedOperationException();
        }
      };

  /** Stands for the default codec, which writes fields. */
  static final Codec FIELDS =
      new KeyHash.Fieldwise() {
        @Override
        public byte[] encode(Object object) {
          return TEXT.encode(object);
        }

        @Override
        public Object decode(byte[] bytes) {
          throw new UnsupportedOperationException();
        }
      };

  private KeyHashSamples() {}

  static Map<String, Object> all() {
    Map<String, Object> keys = new TreeMap<>();
    keys.put("string", "key");
    keys.put("int", 42);
    keys.put("long", 42_000_000_000L);
    keys.put("short", (short) 42);
    keys.put("byte", (byte) 42);
    keys.put("char", 'x');
    keys.put("boolean", true);
    keys.put("double", 4.2);
    keys.put("float", 4.2f);
    keys.put("uuid", new UUID(1, 2));
    keys.put("bigint", BigInteger.TEN.pow(40));
    keys.put("bigdecimal", new BigDecimal("12.340"));
    keys.put("class", String.class);
    keys.put("currency", Currency.getInstance("NOK"));
    keys.put("locale", Locale.CANADA_FRENCH);
    keys.put("date", new Date(1_700_000_000_000L));
    keys.put("uri", URI.create("http://example.org/a?b=c"));
    keys.put("instant", Instant.ofEpochSecond(1_700_000_000, 7));
    keys.put("duration", Duration.ofSeconds(90, 5));
    keys.put("period", Period.of(1, 2, 3));
    keys.put("localdate", LocalDate.of(2024, 2, 29));
    keys.put("localdatetime", LocalDateTime.of(2024, 2, 29, 12, 30));
    keys.put("offsetdatetime", LocalDateTime.of(2024, 2, 29, 12, 30).atOffset(ZoneOffset.MAX));
    keys.put("offsettime", OffsetDateTime.MIN.toOffsetTime());
    keys.put(
        "zoneddatetime",
        ZonedDateTime.of(LocalDateTime.of(2024, 2, 29, 12, 30), ZoneId.of("Europe/Oslo")));
    keys.put("year", Year.of(2024));
    keys.put("yearmonth", YearMonth.of(2024, 2));
    keys.put("monthday", MonthDay.of(2, 29));
    keys.put("dayofweek", DayOfWeek.FRIDAY);
    keys.put("zone", ZoneId.of("Europe/Oslo"));
    keys.put("offset", ZoneOffset.ofHours(5));
    keys.put("optional", Optional.of(Colour.RED));
    keys.put("optionalint", OptionalInt.of(3));
    keys.put("enum", Colour.GREEN);
    keys.put("enumwithbody", Colour.BLUE);
    keys.put("list", List.of(Colour.RED, 1, "x"));
    keys.put("set", new HashSet<>(List.of(Colour.RED, Colour.GREEN, Colour.BLUE)));
    keys.put("map", new HashMap<>(Map.of(Colour.RED, 1, Colour.GREEN, 2, Colour.BLUE, 3)));
    keys.put("entry", Map.entry(Colour.RED, "x"));
    keys.put("record", new Shade(Colour.BLUE, 3));
    keys.put(
        "nested",
        new Palette(
            "p",
            Set.of(Colour.RED, Colour.GREEN),
            Map.of(Colour.RED, new Shade(Colour.RED, 1), Colour.GREEN, new Shade(Colour.GREEN, 2)),
            7));
    keys.put("plain", new Plain(Colour.RED, List.of(1, 2)));
    keys.put("array", new Object[] {Colour.RED, 1});
    keys.put("bytes", new byte[] {1, 2, 3});
    keys.put("encoded", new StringBuilder("text"));
    return keys;
  }

  public static void main(String[] args) {
    all().forEach((name, key) -> System.out.println(name + "=" + KeyHash.of(key, FIELDS)));
    System.out.println("jvm=" + new Shade(Colour.BLUE, 3).hashCode());
  }
}
