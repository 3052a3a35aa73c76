/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.memogrid.internal.store.Envelope.NEVER;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memogrid.testkit.Await;

/** The near map alone, on a source whose every step the test decides. */
final class NearMapTest {
  private final Held held = new Held();
  private final NearMap<String, Integer> near = new NearMap<>(held);
  private final AtomicLong millis = new AtomicLong(1_000);
  private final CoarseClock clock = new CoarseClock(() -> Instant.ofEpochMilli(millis.get()));
  private final ExecutorService threads = Executors.newCachedThreadPool();

  /** What a member holds: a map, a pass, and the places that the pass covers. */
  private static final class Held implements NearMap.Source<String, Integer> {
    final ConcurrentMap<String, Integer> entries = new ConcurrentHashMap<>();
    volatile Runnable whilePeeking = () -> {};
    volatile @Nullable Pass pass = new Pass(null);

    /** Covers all places but one. */
    private static final class Pass {
      final @Nullable String lost;

      Pass(@Nullable String lost) {
        this.lost = lost;
      }
    }

    @Override
    public @Nullable Object pass() {
      return pass;
    }

    @Override
    public @Nullable Integer peek(String place, Object of) {
      Integer found = place.equals(((Pass) of).lost) ? null : entries.get(place);
      whilePeeking.run();
      return found;
    }
  }

  private static final long ERA = 5;

  /** What an entry stands for. */
  private record Kept(int of) {}

  /** A key of the user's; its place is its text. */
  private record Key(String text) {}

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  private void put(String place, int value) {
    near.writing(place);
    held.entries.put(place, value);
    near.written(place);
  }

  private @Nullable Integer read(String place) {
    Integer copy = near.get(new Key(place));
    if (copy == null) {
      near.fill(new Key(place), place, clock);
    }
    return copy;
  }

  /** As callers do who keep what they find. */
  private @Nullable Integer readAndKeep(String place) {
    Key key = new Key(place);
    Object value = near.value(key, ERA, clock);
    if (value != null) {
      return ((Kept) value).of;
    }
    Integer copy = read(place);
    if (copy != null) {
      near.keep(key, place, copy, new Kept(copy), NEVER, ERA);
    }
    return copy;
  }

  private void kept(String place, int value) {
    copied(place, value);
    assertThat(readAndKeep(place)).isEqualTo(value);
    assertThat(near.value(new Key(place), ERA, clock)).isEqualTo(new Kept(value));
  }

  @Test
  void whatIsHeldIsCopiedOnTheFirstReadAndFoundByTheSecond() {
    put("a", 1);
    assertThat(read("a")).isNull(); // makes the front
    assertThat(read("a")).isEqualTo(1);
    assertThat(read("none")).isNull();
    assertThat(near.size()).isEqualTo(1);
    assertThat(near.places()).isEqualTo(1);
  }

  @Test
  void aWriteTakesTheCopyAwayBeforeItBeginsAndNoneIsTakenBeforeItEnds() {
    put("a", 1);
    copied("a", 1);
    near.writing("a");
    assertThat(near.get(new Key("a"))).isNull();
    near.fill(new Key("a"), "a", clock);
    assertThat(near.get(new Key("a"))).isNull();
    held.entries.put("a", 2);
    near.fill(new Key("a"), "a", clock);
    assertThat(near.get(new Key("a"))).isNull();
    near.written("a");
    near.fill(new Key("a"), "a", clock);
    assertThat(near.get(new Key("a"))).isEqualTo(2);
  }

  private void copied(String place, int value) {
    var unused = read(place);
    unused = read(place);
    assertThat(near.get(new Key(place))).isEqualTo(value);
  }

  @Test
  void ofTwoWritesAtOnceTheLastToEndOpensThePlace() {
    put("a", 1);
    copied("a", 1);
    near.writing("a");
    near.writing("a");
    near.written("a");
    near.fill(new Key("a"), "a", clock);
    assertThat(near.get(new Key("a"))).isNull();
    near.written("a");
    near.fill(new Key("a"), "a", clock);
    assertThat(near.get(new Key("a"))).isEqualTo(1);
    assertThat(near.places()).isEqualTo(1);
  }

  /** 1. A fill has seen 1. 2. A write of 2 begins. 3. The fill ends. 4. The write ends. */
  @Test
  void aFillNeverOutlivesTheWriteThatOvertakesIt() throws Exception {
    put("a", 1);
    assertThat(near.get(new Key("a"))).isNull();
    CountDownLatch begun = new CountDownLatch(1);
    List<Future<?>> writes = new ArrayList<>();
    held.whilePeeking =
        () -> {
          held.whilePeeking = () -> {};
          writes.add(
              threads.submit(
                  () -> {
                    begun.countDown();
                    put("a", 2);
                  }));
          awaited(begun);
          // Long enough for a write that did not wait for the fill to be over before it.
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        };
    near.fill(new Key("a"), "a", clock);
    writes.get(0).get(30, TimeUnit.SECONDS);
    assertThat(near.get(new Key("a"))).isNull();
    copied("a", 2);
  }

  private static void awaited(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** 1. A fill has seen 1. 2. The pass changes, others write unheard. 3. The fill ends. */
  @Test
  void aFillThatAnotherPassOvertakesIsNotFound() {
    put("a", 1);
    assertThat(near.get(new Key("a"))).isNull();
    held.whilePeeking =
        () -> {
          held.pass = new Held.Pass("a");
          assertThat(near.get(new Key("other"))).isNull(); // makes the next front
        };
    near.fill(new Key("a"), "a", clock);
    held.whilePeeking = () -> {};
    held.entries.put("a", 2); // elsewhere
    assertThat(read("a")).isNull();
    assertThat(read("a")).isNull();
    Await.until("the places of the old front are forgotten", () -> near.places() == 0);
  }

  /** 1. A fill has seen 1. 2. A clear begins and ends. 3. The fill ends. */
  @Test
  void aFillThatAClearOvertakesIsNotFound() {
    put("a", 1);
    assertThat(near.get(new Key("a"))).isNull();
    held.whilePeeking =
        () -> {
          near.clearing();
          held.entries.clear();
          near.cleared();
        };
    near.fill(new Key("a"), "a", clock);
    held.whilePeeking = () -> {};
    assertThat(near.get(new Key("a"))).isNull();
    Await.until("its place is forgotten", () -> near.places() == 0);
  }

  @Test
  void whileAClearIsUnderWayNothingIsCopied() {
    put("a", 1);
    copied("a", 1);
    near.clearing();
    assertThat(read("a")).isNull();
    assertThat(read("a")).isNull();
    near.cleared();
    copied("a", 1);
  }

  @Test
  void anotherPassEndsAllCopiesAndNoPassAllReads() {
    put("a", 1);
    put("b", 2);
    copied("a", 1);
    copied("b", 2);
    held.pass = new Held.Pass("a");
    assertThat(near.get(new Key("b"))).isNull();
    copied("b", 2);
    assertThat(read("a")).isNull();
    assertThat(read("a")).isNull();
    held.pass = null;
    assertThat(read("b")).isNull();
    assertThat(read("b")).isNull();
    held.pass = new Held.Pass(null);
    copied("a", 1);
  }

  @Test
  void whatTheSourceLetsGoIsDropped() {
    put("a", 1);
    copied("a", 1);
    held.entries.remove("a");
    near.drop("a");
    assertThat(near.get(new Key("a"))).isNull();
    assertThat(near.places()).isZero();
    near.writing("a");
    near.drop("a"); // leaves the write alone
    near.fill(new Key("a"), "a", clock);
    near.written("a");
    assertThat(near.places()).isZero();
  }

  /** Keys whose encoded forms alone are equal, such as arrays. */
  @Test
  void ofKeysOfOnePlaceTheLastIsCopied() {
    put("a", 1);
    assertThat(near.get("one")).isNull();
    near.fill("one", "a", clock);
    near.fill("two", "a", clock);
    assertThat(near.get("one")).isNull();
    assertThat(near.get("two")).isEqualTo(1);
    assertThat(near.size()).isEqualTo(1);
    put("a", 2);
    assertThat(near.get("two")).isNull();
    assertThat(near.size()).isZero();
  }

  @Test
  void aValueTakesThePlaceOfItsCopyAndGoesWithWhatIsHeld() {
    put("a", 1);
    kept("a", 1);
    assertThat(near.get(new Key("a"))).isNull();
    near.fill(new Key("a"), "a", clock); // brings nothing back beside it
    assertThat(near.get(new Key("a"))).isNull();
    assertThat(near.size()).isEqualTo(1);
    assertThat(near.places()).isEqualTo(1);
    put("a", 2);
    assertThat(near.value(new Key("a"), ERA, clock)).isNull();
    kept("a", 2);
    near.drop("a");
    assertThat(near.value(new Key("a"), ERA, clock)).isNull();
    kept("a", 2);
    near.clearing();
    assertThat(near.value(new Key("a"), ERA, clock)).isNull();
    near.cleared();
    kept("a", 2);
    held.pass = new Held.Pass("a");
    assertThat(near.value(new Key("a"), ERA, clock)).isNull();
    held.pass = null;
    assertThat(near.value(new Key("a"), ERA, clock)).isNull();
    held.pass = new Held.Pass(null);
    kept("a", 2);
    near.close();
    assertThat(near.value(new Key("a"), ERA, clock)).isNull();
  }

  /** 1. A reader has found 1. 2. A write of 2 begins, and maybe ends. 3. The reader keeps 1. */
  @Test
  void whatAWriteHasOvertakenIsNotKept() {
    Key key = new Key("a");
    put("a", 1_000);
    copied("a", 1_000);
    Integer found = requireNonNull(near.get(key));
    near.writing("a");
    near.keep(key, "a", found, "old", NEVER, ERA);
    assertThat(near.value(key, ERA, clock)).isNull();
    held.entries.put("a", 2_000);
    near.written("a");
    near.keep(key, "a", found, "old", NEVER, ERA);
    assertThat(near.value(key, ERA, clock)).isNull();
    copied("a", 2_000);
    near.keep(key, "a", found, "old", NEVER, ERA);
    assertThat(near.value(key, ERA, clock)).isNull();
    assertThat(near.get(key)).isEqualTo(2_000);
  }

  @Test
  void aValueIsOfItsEraAlone() {
    put("a", 1);
    put("b", 1);
    kept("a", 1);
    assertThat(near.value(new Key("a"), ERA + 1, clock)).isNull();
    assertThat(near.value(new Key("a"), ERA - 1, clock)).isNull();
    copied("b", 1);
    Integer found = requireNonNull(near.get(new Key("b")));
    near.keep(new Key("b"), "b", found, "of an era before", NEVER, ERA - 1);
    assertThat(near.value(new Key("b"), ERA - 1, clock)).isNull();
    assertThat(near.value(new Key("b"), ERA, clock)).isNull();
    near.keep(new Key("b"), "b", found, "next", NEVER, ERA + 1);
    assertThat(near.value(new Key("b"), ERA + 1, clock)).isEqualTo("next");
    assertThat(near.value(new Key("a"), ERA, clock)).isNull();
    Await.until("the place of the value before is forgotten", () -> near.places() == 1);
  }

  @Test
  void aValueThatEndsIsFoundUntilThenAndGivesWayToTheNextCopy() {
    Key key = new Key("a");
    put("a", 1);
    copied("a", 1);
    near.keep(key, "a", requireNonNull(near.get(key)), "value", 1_010, ERA);
    assertThat(near.get(key)).isNull();
    near.fill(key, "a", clock);
    millis.set(1_009);
    assertThat(near.value(key, ERA, clock)).isEqualTo("value");
    assertThat(near.value(key, ERA + 1, clock)).isNull();
    millis.set(1_010);
    assertThat(near.value(key, ERA, clock)).isNull();
    copied("a", 1);
    assertThat(near.size()).isEqualTo(1);
    near.keep(key, "a", requireNonNull(near.get(key)), "value", 1_020, ERA);
    assertThat(near.value(key, ERA, clock)).isEqualTo("value");
    put("a", 2);
    assertThat(near.value(key, ERA, clock)).isNull();
    assertThat(near.size()).isZero();
    copied("a", 2);
    kept("a", 2); // beside those that end
  }

  @Test
  void ofKeysOfOnePlaceTheLastIsKept() {
    put("a", 1);
    assertThat(near.get("one")).isNull();
    near.fill("one", "a", clock);
    near.keep("one", "a", requireNonNull(near.get("one")), "value", NEVER, ERA);
    assertThat(near.value("one", ERA, clock)).isEqualTo("value");
    near.fill("two", "a", clock);
    assertThat(near.value("one", ERA, clock)).isNull();
    near.keep("one", "a", requireNonNull(near.get("two")), "value", NEVER, ERA);
    assertThat(near.value("one", ERA, clock)).isNull();
    assertThat(near.size()).isEqualTo(1);
  }

  @Test
  void aClosedMapHasNothingForEver() {
    put("a", 1);
    copied("a", 1);
    near.close();
    assertThat(read("a")).isNull();
    assertThat(read("a")).isNull();
    near.clearing();
    near.cleared();
    assertThat(read("a")).isNull();
    assertThat(read("a")).isNull();
    assertThat(near.size()).isZero();
    Await.until("its places are forgotten", () -> near.places() == 0);
  }

  /**
   * Readers, writers, clears, and passes that lose a place, which is then written unheard, all at
   * once: no read finds less than what was there when it began.
   */
  @Test
  void noReadFindsWhatWasThereBeforeAWriteThatHadEnded() throws Exception {
    String[] names = {"a", "b", "c", "d"};
    AtomicIntegerArray done = new AtomicIntegerArray(names.length);
    Set<String> stale = ConcurrentHashMap.newKeySet();
    CountDownLatch over = new CountDownLatch(1);
    List<Future<?>> all = new ArrayList<>();
    all.add(
        threads.submit(
            () -> {
              for (int value = 1; over.getCount() > 0; value++) {
                boolean elsewhere = value % 64 > 32;
                held.pass = new Held.Pass(elsewhere ? "a" : null);
                for (int i = 0; i < 8; i++, value++) {
                  if (elsewhere) {
                    held.entries.put("a", value); // by a member that need not tell this one
                  } else {
                    put("a", value);
                  }
                  done.set(0, value);
                }
              }
            }));
    for (int i = 1; i < names.length; i++) {
      int index = i;
      all.add(
          threads.submit(
              () -> {
                for (int value = 1; over.getCount() > 0; value++) {
                  put(names[index], value);
                  done.set(index, value);
                }
              }));
    }
    all.add(
        threads.submit(
            () -> {
              while (over.getCount() > 0) {
                near.clearing();
                near.cleared();
                Thread.onSpinWait();
              }
            }));
    Map<String, Integer> copies = new ConcurrentHashMap<>();
    for (int i = 0; i < 4; i++) {
      all.add(
          threads.submit(
              () -> {
                for (int n = 0; n < 300_000; n++) {
                  int index = ThreadLocalRandom.current().nextInt(names.length);
                  int least = done.get(index);
                  Integer found = readAndKeep(names[index]);
                  if (found != null) {
                    copies.merge(names[index], 1, Integer::sum);
                    if (found < least) {
                      stale.add(names[index] + ": " + found + " after " + least);
                    }
                  }
                }
              }));
    }
    for (Future<?> reader : all.subList(names.length + 1, all.size())) {
      reader.get(120, TimeUnit.SECONDS);
    }
    over.countDown();
    for (Future<?> each : all) {
      each.get(30, TimeUnit.SECONDS);
    }
    assertThat(stale).isEmpty();
    assertThat(copies).as("reads that found a copy").isNotEmpty();
  }
}
