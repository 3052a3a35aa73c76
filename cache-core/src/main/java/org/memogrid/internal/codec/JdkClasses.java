/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

import com.esotericsoftware.kryo.Serializer;
import java.io.Serializable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.net.URI;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Month;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Currency;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The JDK's classes that need no allowance, each by name: values that do nothing but be. Their
 * numbers are part of the format: take new ones, never change one.
 */
@SuppressWarnings("JavaUtilDate") // users have them
final class JdkClasses {
  /** A class, its number, and how it is written; null for Kryo's way. */
  record Entry(Class<?> type, int id, @Nullable Serializer<?> serializer) {}

  private static final Map<String, Entry> LISTED = new HashMap<>();

  /** Immutable, and told apart by nobody: not worth a reference. */
  private static final Set<Class<?>> VALUES = new HashSet<>();

  /** Types that arrays of allowed objects may have. */
  private static final Set<String> ELEMENTS = new HashSet<>();

  static {
    value(String.class, 1); // up to 8: Kryo's own numbers
    value(Integer.class, 0);
    value(Float.class, 2);
    value(Boolean.class, 3);
    value(Byte.class, 4);
    value(Character.class, 5);
    value(Short.class, 6);
    value(Long.class, 7);
    value(Double.class, 8);
    value(BigInteger.class, 16);
    value(BigDecimal.class, 17);
    value(Currency.class, 19);
    value(Duration.class, 21);
    value(Instant.class, 22);
    value(LocalDate.class, 23);
    value(LocalTime.class, 24);
    value(LocalDateTime.class, 25);
    value(ZoneOffset.class, 26);
    value(ZoneId.of("Europe/Paris").getClass(), 27);
    value(OffsetTime.class, 28);
    value(OffsetDateTime.class, 29);
    value(ZonedDateTime.class, 30);
    value(Year.class, 31);
    value(YearMonth.class, 32);
    value(MonthDay.class, 33);
    value(Period.class, 34);
    value(OptionalInt.class, 35);
    value(OptionalLong.class, 36);
    value(OptionalDouble.class, 37);
    value(UUID.class, 18, JdkValues.UUIDS);
    value(Locale.class, 20, JdkValues.LOCALES);
    value(URI.class, 38, JdkValues.URIS);
    value(DayOfWeek.class, 39, Enums.INSTANCE);
    value(Month.class, 40, Enums.INSTANCE);
    value(ChronoUnit.class, 41, Enums.INSTANCE);
    value(TimeUnit.class, 42, Enums.INSTANCE);
    value(RoundingMode.class, 43, Enums.INSTANCE);
    value(Comparator.naturalOrder().getClass(), 44, JdkValues.only(Comparator.naturalOrder()));
    value(Comparator.reverseOrder().getClass(), 45, JdkValues.only(Comparator.reverseOrder()));
    value(
        String.CASE_INSENSITIVE_ORDER.getClass(),
        46,
        JdkValues.only(String.CASE_INSENSITIVE_ORDER));
    listed(Date.class, 50, JdkValues.DATES);
    listed(BitSet.class, 51, JdkValues.BIT_SETS);
    listed(byte[].class, 52, null);
    listed(char[].class, 53, null);
    listed(short[].class, 54, null);
    listed(int[].class, 55, null);
    listed(long[].class, 56, null);
    listed(float[].class, 57, null);
    listed(double[].class, 58, null);
    listed(boolean[].class, 59, JdkValues.BOOLEANS);
    listed(String[].class, 60, ObjectArrays.INSTANCE);
    listed(Object[].class, 61, ObjectArrays.INSTANCE);
    JdkCollections.all().forEach(e -> listed(e.type(), e.id(), e.serializer()));
    for (Class<?> type :
        new Class<?>[] {
          Object.class,
          Number.class,
          CharSequence.class,
          Comparable.class,
          Record.class,
          Enum.class,
          Iterable.class,
          java.util.Collection.class,
          java.util.List.class,
          java.util.Set.class,
          Map.class,
          Map.Entry.class,
          java.util.SortedSet.class,
          java.util.SortedMap.class,
          ZoneId.class,
          Serializable.class
        }) {
      ELEMENTS.add(type.getName());
    }
    ELEMENTS.addAll(LISTED.keySet());
  }

  private JdkClasses() {}

  private static void value(Class<?> type, int id) {
    value(type, id, null);
  }

  private static void value(Class<?> type, int id, @Nullable Serializer<?> serializer) {
    VALUES.add(type);
    listed(type, id, serializer);
  }

  private static void listed(Class<?> type, int id, @Nullable Serializer<?> serializer) {
    boolean isNew = LISTED.values().stream().noneMatch(e -> e.id() == id);
    if (!isNew || LISTED.put(type.getName(), new Entry(type, id, serializer)) != null) {
      throw new AssertionError("listed twice: " + type + ", " + id);
    }
  }

  static void register(Engine engine) {
    for (Entry entry : LISTED.values()) {
      if (entry.id() > 8) {
        Serializer<?> serializer = entry.serializer();
        engine.add(
            entry.type(),
            serializer != null ? serializer : engine.kryosOwn(entry.type()),
            entry.id());
      }
    }
  }

  static boolean isListed(String name) {
    return LISTED.containsKey(name);
  }

  static boolean isElement(String name) {
    return ELEMENTS.contains(name);
  }

  /** Whether an object of the class is written anew each time it is met. */
  static boolean isValue(Class<?> type) {
    return type.isPrimitive() || VALUES.contains(type);
  }
}
