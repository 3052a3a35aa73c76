/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.testkit.Await;

/** The copies alone, of reads whose every step the test decides. */
final class NearCopiesTest {
  private static final Duration AGE = Duration.ofSeconds(1);

  private final Ticks clock = new Ticks();
  private final Elsewhere elsewhere = new Elsewhere();
  private final NearCopies<String, Integer> copies = copies(100);
  private final ExecutorService threads = Executors.newCachedThreadPool();

  /** A pass, and the one place that it has this member answer for. */
  private static final class Elsewhere implements NearCopies.Source<String> {
    volatile @Nullable Object pass = new Object();
    volatile String own = "";

    @Override
    public @Nullable Object pass() {
      return pass;
    }

    @Override
    public boolean isElsewhere(String place, Object unused) {
      return !place.equals(own);
    }
  }

  /** A key of the user's; its place is its text. */
  private record Key(String text) {}

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  private NearCopies<String, Integer> copies(long most) {
    return new NearCopies<>(elsewhere, new CoarseClock(clock), most, AGE);
  }

  private NearCopies.Reading<String, Integer> begin(String place) {
    NearCopies.Reading<String, Integer> reading = copies.begin(place);
    if (reading == null) {
      throw new AssertionError("not elsewhere: " + place);
    }
    return reading;
  }

  private void end(NearCopies.Reading<String, Integer> reading, @Nullable Integer found) {
    copies.end(reading, new Key(reading.place()), found);
  }

  private void read(String place, @Nullable Integer found) {
    end(begin(place), found);
  }

  private @Nullable Integer copy(String place) {
    return copies.get(new Key(place));
  }

  @Test
  void whatWasReadElsewhereIsFoundAndWhatIsHereOrNowhereIsNot() {
    elsewhere.own = "own";
    assertThat(copies.begin("own")).isNull();
    read("a", 1);
    read("none", null);
    assertThat(copy("a")).isEqualTo(1);
    assertThat(copy("none")).isNull();
    assertThat(copies.size()).isEqualTo(1);
    assertThat(copies.places()).isEqualTo(1);
  }

  @Test
  void aCopysAgeCountsFromTheBeginningOfTheReadThatBroughtIt() {
    NearCopies.Reading<String, Integer> reading = begin("a");
    clock.tick(Duration.ofMillis(400));
    end(reading, 1);
    clock.tick(Duration.ofMillis(599));
    assertThat(copy("a")).isEqualTo(1);
    clock.tick(Duration.ofMillis(1));
    assertThat(copy("a")).isNull();
    reading = begin("b");
    clock.tick(AGE);
    end(reading, 1);
    assertThat(copy("b")).isNull();
  }

  @Test
  void aWriteTakesTheCopyAway() {
    read("a", 1);
    read("b", 1);
    copies.written("a");
    assertThat(copy("a")).isNull();
    assertThat(copy("b")).isEqualTo(1);
    read("a", 2);
    assertThat(copy("a")).isEqualTo(2);
  }

  /**
   * 1. A read asks. 2. It is answered 1. 3. A write of 2 begins and ends. 4. The read comes back.
   */
  @Test
  void whatAWriteOvertookIsNotCopied() {
    NearCopies.Reading<String, Integer> reading = begin("a");
    copies.written("a");
    end(reading, 1);
    assertThat(copy("a")).isNull();
    assertThat(copies.places()).isZero();
    read("a", 2);
    assertThat(copy("a")).isEqualTo(2);
  }

  /**
   * 1. A read asks and gets 1. 2. A write of 2 is stored. 3. The read comes back. 4. The write
   * does.
   */
  @Test
  void whatIsCopiedBeforeAWriteEndsGoesWithIt() {
    NearCopies.Reading<String, Integer> early = begin("a");
    NearCopies.Reading<String, Integer> late = begin("a");
    end(early, 1);
    copies.written("a");
    end(late, 1);
    assertThat(copy("a")).isNull();
  }

  /**
   * 1. A read asks and gets 1. 2. Another asks, gets 2, which was written elsewhere in between, and
   * comes back. 3. The first comes back.
   */
  @Test
  void ofTwoReadsAtOnceThatDifferNoneStays() {
    NearCopies.Reading<String, Integer> first = begin("a");
    NearCopies.Reading<String, Integer> second = begin("a");
    end(second, 2);
    assertThat(copy("a")).isEqualTo(2);
    end(first, 1);
    assertThat(copy("a")).isNull();
    first = begin("a");
    second = begin("a");
    end(second, 3);
    end(first, 3);
    assertThat(copy("a")).isEqualTo(3);
  }

  @Test
  void whoFindsNothingTakesTheCopyAwayAndOvertakesOthers() {
    read("a", 1);
    NearCopies.Reading<String, Integer> other = begin("a");
    read("a", null);
    assertThat(copy("a")).isNull();
    end(other, 1);
    assertThat(copy("a")).isNull();
    assertThat(copies.places()).isZero();
  }

  @Test
  void aLaterReadReplacesTheCopyAndItsAge() {
    read("a", 1);
    clock.tick(Duration.ofMillis(600));
    read("a", 2);
    clock.tick(Duration.ofMillis(600));
    assertThat(copy("a")).isEqualTo(2);
  }

  @Test
  void aClearEndsAllCopiesAndOvertakesAllReads() {
    read("a", 1);
    NearCopies.Reading<String, Integer> reading = begin("b");
    copies.cleared();
    end(reading, 1);
    assertThat(copy("a")).isNull();
    assertThat(copy("b")).isNull();
    Await.until("they are let go", () -> copies.size() == 0 && copies.places() == 0);
    read("a", 2);
    assertThat(copy("a")).isEqualTo(2);
  }

  @Test
  void anotherPassEndsAllCopiesAndOvertakesAllReads() {
    read("a", 1);
    NearCopies.Reading<String, Integer> reading = begin("b");
    Object before = elsewhere.pass;
    elsewhere.pass = null;
    assertThat(copy("a")).isNull();
    assertThat(copies.begin("a")).isNull();
    elsewhere.pass = new Object();
    end(reading, 1);
    assertThat(copy("a")).isNull();
    assertThat(copy("b")).isNull();
    assertThat(before).isNotNull();
    read("c", 1);
    Await.until("the others are let go", () -> copies.size() == 1 && copies.places() == 1);
    assertThat(copy("c")).isEqualTo(1);
  }

  /**
   * 1. A read has taken its place. 2. A later one takes it, and is found. 3. The first is found.
   */
  @Test
  void ofTwoReadsOfOneKeyNothingIsLeftWhereNobodyLooks() {
    AtomicReference<Runnable> between = new AtomicReference<>();
    Object slow =
        new Object() {
          @Override
          public int hashCode() {
            Runnable now = between.getAndSet(null);
            if (now != null) {
              now.run();
            }
            return 1;
          }

          @Override
          public boolean equals(@Nullable Object other) {
            return this == other;
          }
        };
    NearCopies.Reading<String, Integer> first = begin("a");
    between.set(() -> copies.end(begin("a"), slow, 2));
    copies.end(first, slow, 1);
    assertThat(copies.get(slow)).isNull();
    assertThat(copies.places()).isZero();
  }

  /** Keys whose encoded forms alone are equal, such as arrays. */
  @Test
  void ofKeysOfOnePlaceTheLastIsCopiedAndAWriteIsOfBoth() {
    copies.end(begin("a"), "one", 1);
    copies.end(begin("a"), "two", 1);
    assertThat(copies.get("one")).isNull();
    assertThat(copies.get("two")).isEqualTo(1);
    copies.written("a");
    assertThat(copies.get("two")).isNull();
  }

  @Test
  void thereAreNoMoreCopiesThanTheLimitAndNothingIsLeftOfOthers() {
    NearCopies<String, Integer> few = copies(10);
    for (int i = 0; i < 1_000; i++) {
      NearCopies.Reading<String, Integer> reading = few.begin("k" + i);
      if (reading != null) {
        few.end(reading, "k" + i, i);
      }
      assertThat(few.size()).isLessThanOrEqualTo(10);
      assertThat(few.places()).isLessThanOrEqualTo(10);
    }
  }

  /** That a use is noted now and then only must not cost what is in use its place. */
  @Test
  void whatIsInUseStaysWhileOthersPassThrough() {
    NearCopies<String, Integer> few = copies(10);
    for (int i = 0; i < 7; i++) {
      copyInto(few, "before-" + i); // nothing is counted while there is much room
    }
    copyInto(few, "used");
    for (int i = 0; i < 8; i++) {
      clock.tick(Duration.ofMillis(100));
      assertThat(few.get("used")).isEqualTo(1);
    }
    for (int i = 0; i < 60; i++) {
      copyInto(few, "passing-" + i / 3);
    }
    assertThat(few.get("used")).isEqualTo(1);
  }

  private static void copyInto(NearCopies<String, Integer> few, String key) {
    NearCopies.Reading<String, Integer> reading = few.begin(key);
    if (reading != null) {
      few.end(reading, key, 1);
    }
  }

  @Test
  void onceClosedThereAreNone() {
    read("a", 1);
    NearCopies.Reading<String, Integer> reading = begin("b");
    copies.close();
    copies.cleared();
    end(reading, 1);
    assertThat(copy("a")).isNull();
    assertThat(copy("b")).isNull();
    assertThat(copies.begin("a")).isNull();
    Await.until("they are let go", () -> copies.size() == 0 && copies.places() == 0);
  }

  /**
   * Readers, this member's writers, clears, and writers elsewhere that nobody hears of, all at
   * once: no read finds less than this member had written when it began, nor less than a read that
   * had ended.
   */
  @Test
  void readsSeeThisMembersWritesAndNeverGoBack() throws Exception {
    String[] names = {"a", "b", "c", "d"};
    ConcurrentMap<String, Integer> owner = new ConcurrentHashMap<>();
    AtomicIntegerArray written = new AtomicIntegerArray(names.length);
    AtomicIntegerArray seen = new AtomicIntegerArray(names.length);
    Set<String> wrong = ConcurrentHashMap.newKeySet();
    AtomicIntegerArray found = new AtomicIntegerArray(1);
    CountDownLatch over = new CountDownLatch(1);
    List<Future<?>> writers = new ArrayList<>();
    for (int i = 0; i < names.length; i++) {
      int index = i;
      writers.add(
          threads.submit(
              () -> {
                while (over.getCount() > 0) {
                  int value = owner.merge(names[index], 1, Integer::sum);
                  copies.written(names[index]);
                  written.accumulateAndGet(index, value, Math::max);
                  rest();
                }
              }));
    }
    writers.add(
        threads.submit(
            () -> {
              while (over.getCount() > 0) {
                owner.merge(
                    names[ThreadLocalRandom.current().nextInt(names.length)], 1, Integer::sum);
                rest();
              }
            }));
    writers.add(
        threads.submit(
            () -> {
              for (int i = 0; over.getCount() > 0; i++) {
                if (i % 64 == 0) {
                  copies.cleared();
                }
                rest();
              }
            }));
    List<Future<?>> readers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      readers.add(
          threads.submit(
              () -> {
                for (int n = 0; n < 200_000; n++) {
                  int index = ThreadLocalRandom.current().nextInt(names.length);
                  int least = Math.max(written.get(index), seen.get(index));
                  Integer value = n % 16 == 0 ? null : copy(names[index]);
                  if (value == null) {
                    NearCopies.Reading<String, Integer> reading = begin(names[index]);
                    value = owner.getOrDefault(names[index], 0);
                    end(reading, value);
                  } else {
                    found.incrementAndGet(0);
                  }
                  if (value < least) {
                    wrong.add(names[index] + ": " + value + " after " + least);
                  }
                  seen.accumulateAndGet(index, value, Math::max);
                }
              }));
    }
    for (Future<?> each : readers) {
      each.get(120, TimeUnit.SECONDS);
    }
    over.countDown();
    for (Future<?> each : writers) {
      each.get(30, TimeUnit.SECONDS);
    }
    assertThat(wrong).isEmpty();
    assertThat(found.get(0)).as("reads that found a copy").isPositive();
    for (String name : names) {
      copies.written(name);
    }
    assertThat(copies.places()).isZero();
  }

  private static void rest() {
    for (int i = 0; i < 200; i++) {
      Thread.onSpinWait();
    }
  }
}
