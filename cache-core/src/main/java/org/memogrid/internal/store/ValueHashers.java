/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.store;

import static org.memogrid.internal.store.HashMix.mix;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.Currency;
import java.util.Date;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.ToIntFunction;

/**
 * The JDK's value classes, each hashed from parts that its specification names: {@code hashCode()}
 * only where its javadoc gives the formula, so that JVMs of different versions agree as well.
 */
@SuppressWarnings("JavaUtilDate") // users have them
final class ValueHashers {
  static final Map<Class<?>, KeyHasher> BY_CLASS = new ValueHashers().byClass;

  private final Map<Class<?>, KeyHasher> byClass = new HashMap<>();

  private ValueHashers() {
    // The formula is specified.
    value(String.class, String::hashCode);
    value(Integer.class, Object::hashCode);
    value(Long.class, Object::hashCode);
    value(Short.class, Object::hashCode);
    value(Byte.class, Object::hashCode);
    value(Character.class, Object::hashCode);
    value(Boolean.class, Object::hashCode);
    value(Double.class, Object::hashCode);
    value(Float.class, Object::hashCode);
    // It is not: the parts that equals is specified to compare.
    value(UUID.class, u -> twoLongs(u.getMostSignificantBits(), u.getLeastSignificantBits()));
    value(BigInteger.class, ValueHashers::bigInteger);
    value(BigDecimal.class, d -> 31 * bigInteger(d.unscaledValue()) + d.scale());
    value(Class.class, c -> c.getName().hashCode());
    value(Currency.class, c -> c.getCurrencyCode().hashCode());
    value(Locale.class, l -> l.toString().hashCode());
    value(Date.class, d -> mix(d.getTime()));
    // equals ignores the case of scheme, host and escapes
    value(URI.class, u -> u.toString().toLowerCase(Locale.ROOT).hashCode());
    value(Instant.class, i -> longAndInt(i.getEpochSecond(), i.getNano()));
    value(Duration.class, d -> longAndInt(d.getSeconds(), d.getNano()));
    value(Period.class, p -> (p.getYears() * 31 + p.getMonths()) * 31 + p.getDays());
    value(LocalDate.class, ValueHashers::localDate);
    value(LocalTime.class, ValueHashers::localTime);
    value(LocalDateTime.class, ValueHashers::localDateTime);
    value(OffsetTime.class, t -> localTime(t.toLocalTime()) * 31 + t.getOffset().getTotalSeconds());
    value(
        OffsetDateTime.class,
        t -> localDateTime(t.toLocalDateTime()) * 31 + t.getOffset().getTotalSeconds());
    value(
        ZonedDateTime.class,
        t ->
            (localDateTime(t.toLocalDateTime()) * 31 + t.getOffset().getTotalSeconds()) * 31
                + t.getZone().getId().hashCode());
    value(Year.class, Year::getValue);
    value(YearMonth.class, m -> m.getYear() * 31 + m.getMonthValue());
    value(MonthDay.class, d -> d.getMonthValue() * 31 + d.getDayOfMonth());
    value(OptionalInt.class, o -> o.isPresent() ? 31 + o.getAsInt() : 0);
    value(OptionalLong.class, o -> o.isPresent() ? 31 + mix(o.getAsLong()) : 0);
    value(OptionalDouble.class, o -> o.isPresent() ? 31 + Double.hashCode(o.getAsDouble()) : 0);
    byClass.put(
        Optional.class,
        (part, codec, depth) ->
            mix(7 + KeyHash.of(((Optional<?>) part).orElse(null), codec, depth + 1)));
  }

  private <T> void value(Class<T> type, ToIntFunction<? super T> hash) {
    byClass.put(type, (part, codec, depth) -> mix(hash.applyAsInt(type.cast(part))));
  }

  private static int bigInteger(BigInteger number) {
    return number.bitLength() < Long.SIZE
        ? mix(number.longValue())
        : Arrays.hashCode(number.toByteArray());
  }

  private static int localDate(LocalDate date) {
    return mix(date.toEpochDay());
  }

  private static int localTime(LocalTime time) {
    return mix(time.toNanoOfDay());
  }

  private static int localDateTime(LocalDateTime time) {
    return localDate(time.toLocalDate()) * 31 + localTime(time.toLocalTime());
  }

  private static int twoLongs(long first, long second) {
    return mix(first) * 31 + mix(second);
  }

  private static int longAndInt(long first, int second) {
    return mix(first) * 31 + second;
  }
}
