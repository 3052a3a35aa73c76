/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.codec;

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
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.Currency;
import java.util.Date;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.memogrid.internal.codec.Shapes.Side;

/** One of each JDK class that may cross. */
@SuppressWarnings({"JavaUtilDate", "JdkObsolete"}) // users have them
final class JdkSamples {
  private JdkSamples() {}

  static List<Object> values() {
    LocalDateTime time = LocalDateTime.of(2024, 2, 29, 12, 30, 59, 999_999_999);
    return List.of(
        "",
        "x",
        "long enough to be written otherwise",
        "\u00e5\u4e2d\ud83d\ude00",
        42,
        -1,
        Long.MIN_VALUE,
        (short) -3,
        (byte) 4,
        'x',
        true,
        Float.NaN,
        -0.0d,
        Double.MAX_VALUE,
        BigInteger.TEN.pow(50).negate(),
        new BigDecimal("-12.3400"),
        UUID.randomUUID(),
        Currency.getInstance("NOK"),
        Locale.CANADA_FRENCH,
        URI.create("http://x.org/a?b=c#d"),
        new Date(-5),
        Instant.MIN,
        Instant.ofEpochSecond(1_700_000_000, 7),
        Duration.ofNanos(-1),
        Period.of(1, -2, 3),
        LocalDate.MIN,
        LocalTime.MAX,
        time,
        time.atOffset(ZoneOffset.MIN),
        time.atOffset(ZoneOffset.MAX).toOffsetTime(),
        time.atZone(ZoneId.of("Europe/Oslo")),
        time.atZone(ZoneOffset.UTC),
        Year.of(-5),
        YearMonth.of(2024, 2),
        MonthDay.of(2, 29),
        ZoneId.of("America/New_York"),
        ZoneOffset.ofHours(-5),
        OptionalInt.of(3),
        OptionalInt.empty(),
        OptionalLong.of(-3),
        OptionalDouble.of(1.5),
        Optional.of("x"),
        Optional.empty(),
        DayOfWeek.FRIDAY,
        Month.MAY,
        ChronoUnit.DAYS,
        TimeUnit.DAYS,
        RoundingMode.UP,
        BitSet.valueOf(new long[] {5, 6}),
        new BitSet());
  }

  static List<Object> collections(Object element) {
    List<Object> two = List.of(element, "x");
    Map<Object, Object> map = new HashMap<>();
    map.put(element, null);
    map.put(null, "x");
    return List.of(
        new ArrayList<>(two),
        new LinkedList<>(two),
        new HashSet<>(two),
        new LinkedHashSet<>(two),
        new TreeSet<>(List.of(2, 1)),
        map,
        new LinkedHashMap<>(map),
        new TreeMap<>(Map.of(1, 2)),
        new ConcurrentHashMap<>(Map.of(1, element)),
        new ConcurrentSkipListMap<>(Map.of(1, 2)),
        new ConcurrentSkipListSet<>(List.of(2, 1)),
        new CopyOnWriteArrayList<>(two),
        new EnumMap<>(Map.of(Side.BUY, element)),
        EnumSet.of(Side.SELL),
        List.of(element),
        two,
        List.of(1, 2, 3),
        Set.of(),
        Set.of(element),
        Set.of(1, 2, 3),
        Map.of(),
        Map.of(element, 1),
        Map.of(1, 2, 3, 4),
        Arrays.asList(element, null),
        Collections.emptyList(),
        Collections.emptySet(),
        Collections.emptyMap(),
        Collections.singletonList(element),
        Collections.singleton(element),
        Collections.singletonMap(element, element),
        Collections.unmodifiableList(two),
        Collections.unmodifiableSet(new HashSet<>(two)),
        Collections.unmodifiableMap(map),
        Collections.synchronizedList(new ArrayList<>(two)),
        Collections.synchronizedSet(new HashSet<>(two)),
        Collections.synchronizedMap(map),
        Optional.of(element),
        Map.entry(element, 1),
        new AbstractMap.SimpleEntry<>(element, null),
        new AbstractMap.SimpleImmutableEntry<>(null, element));
  }
}
