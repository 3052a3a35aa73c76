/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.memo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.memogrid.cache.Mode;
import org.memogrid.testkit.Await;

/**
 * Measures what the options change in the scenario of {@code docs/memo.md}: three members, a clock
 * that is moved, and counts. The page has the rows as they come out here.
 */
@Timeout(240)
class MemoScenarioTest {
  private static final String KEY = "apple";
  private static final String JITTER =
      "of 100 prices asked for together, those that end in the same minute";
  private static final String SIZE = "of 100 prices, those that the three members remember";
  private static final String WEIGHT = "characters remembered of 100 texts of ten characters";
  private static final String EARLY =
      "of 100 prices asked for ten times a second, those that somebody waits for when they end;"
          + " a question takes 200 ms";
  private static final int MINUTES = 60;
  private static final Duration LIFE = Duration.ofMinutes(5);
  private static final Duration SHORT = Duration.ofMillis(100);
  @RegisterExtension private static final Members members = new Members();

  private final AtomicInteger questions = new AtomicInteger();
  private final AtomicInteger waits = new AtomicInteger();
  private volatile @Nullable Thread customer;
  private volatile boolean down;
  private volatile int answer;
  private volatile CountDownLatch minute = new CountDownLatch(1);

  /** A run in the background ends when all have asked in this minute. */
  private Integer askSupplier(String sku) {
    boolean fails = down;
    int question = questions.incrementAndGet();
    if (Thread.currentThread() == customer) {
      waits.incrementAndGet();
    } else {
      Members.await(minute);
    }
    if (fails) {
      throw new IllegalStateException("the supplier is down");
    }
    answer = question;
    return question;
  }

  @Test
  void anHour() throws IOException {
    customer = Thread.currentThread();
    List<String> rows = new ArrayList<>();
    UnaryOperator<MemoBuilder<String, Integer>> ttl = b -> b.timeToLive(LIFE);
    rows.add(row("no memo", withoutMemo()));
    rows.add(row("`timeToLive(5 min)`", hour(ttl)));
    rows.add(
        row(
            "the same and `cacheFailures(2 min)`",
            hour(b -> ttl.apply(b).cacheFailures(e -> Optional.of(Duration.ofMinutes(2))))));
    UnaryOperator<MemoBuilder<String, Integer>> error =
        b -> ttl.apply(b).staleIfError(Duration.ofHours(1));
    rows.add(row("`timeToLive` and `staleIfError(1 h)`", hour(error)));
    UnaryOperator<MemoBuilder<String, Integer>> stale =
        b -> error.apply(b).staleWhileRevalidate(Duration.ofMinutes(30));
    rows.add(row("the same and `staleWhileRevalidate(30 min)`", hour(stale)));
    rows.add(row("the same and `refreshAhead(0.8)`", hour(b -> stale.apply(b).refreshAhead(0.8))));
    assertThat(page()).containsAll(rows);
  }

  private record Hour(int questions, int waits, long old, int failures) {}

  private static String row(String what, Hour hour) {
    return "| "
        + what
        + " | "
        + hour.questions
        + " | "
        + hour.waits
        + " | "
        + hour.old
        + " | "
        + hour.failures
        + " |";
  }

  private Hour withoutMemo() {
    int failures = 0;
    for (int now = 0; now < MINUTES; now++) {
      down = now >= 20 && now < 40;
      for (int i = 0; i < 3; i++) {
        failures += fails(() -> askSupplier(KEY));
      }
    }
    return measured(0, failures);
  }

  /** Each of three members asks once a minute; from minute 20 to 40 the supplier is down. */
  private Hour hour(UnaryOperator<MemoBuilder<String, Integer>> options) {
    List<Memo<String, Integer>> memos = members.open(Mode.DISTRIBUTED, this::askSupplier, options);
    int failures = 0;
    for (int now = 0; now < MINUTES; now++) {
      down = now >= 20 && now < 40;
      minute = new CountDownLatch(1);
      for (Memo<String, Integer> memo : memos) {
        failures += fails(() -> memo.apply(KEY));
        if (refreshing(memos) == 0) {
          settle(memos);
        }
      }
      if (refreshing(memos) > 1) { // one of them runs
        Members.waitAtHome(memos, KEY, refreshing(memos) - 1);
      }
      minute.countDown();
      Await.until("no price is being replaced", () -> refreshing(memos) == 0);
      settle(memos);
      members.tick(60);
    }
    return measured(memos.stream().mapToLong(memo -> memo.stats().stale()).sum(), failures);
  }

  private static int refreshing(List<Memo<String, Integer>> memos) {
    return (int) memos.stream().filter(memo -> ((MemoHandle<?, ?>) memo).isRefreshing()).count();
  }

  /** Until all members know what came of the last run. */
  private void settle(List<Memo<String, Integer>> memos) {
    settleAll(memos);
    if (!down) {
      int newest = answer;
      memos.forEach(memo -> Members.stored(memo, KEY, newest));
    }
  }

  private Hour measured(long old, int failures) {
    return new Hour(questions.getAndSet(0), waits.getAndSet(0), old, failures);
  }

  private static int fails(Runnable call) {
    try {
      call.run();
      return 0;
    } catch (IllegalStateException | MemoException e) {
      return 1;
    }
  }

  // ---- one option at a time

  @Test
  void howLongEachRemembers() throws IOException {
    minute.countDown();
    List<String> rows = new ArrayList<>();
    rows.add(
        row(
            "`expiry`, 20 minutes for this price",
            "questions of an hour, asked for once a minute, instead of `timeToLive(5 min)`",
            lives(b -> b.timeToLive(LIFE)),
            lives(b -> b.expiry((sku, price) -> Duration.ofMinutes(20)))));
    rows.add(
        row(
            "`maxIdle(1 min)`",
            "of 100 prices, those remembered ten minutes after their last use",
            idle(b -> b),
            idle(b -> b.maxIdle(Duration.ofMinutes(1)))));
    rows.add(
        row(
            "`version`",
            "of two callers with a new function, those that get what the old one computed",
            rolling("", ""),
            rolling("1", "2")));
    assertThat(page()).containsAll(rows);
    assertThat(endTogether(b -> b.timeToLive(LIFE))).isEqualTo(100);
    assertThat(endTogether(b -> b.timeToLive(LIFE).jitter(0.5))).isBetween(1, 70);
    assertThat(page()).contains("| `jitter(0.5)` | " + JITTER + " | 100 | at most 70 |");
  }

  @Test
  void howMuchEachRemembersAndWhoRuns() throws Exception {
    minute.countDown();
    customer = Thread.currentThread();
    List<String> rows = new ArrayList<>();
    rows.add(
        row(
            "`executor`",
            "of ten questions, those asked on the thread of their caller",
            askedHere(b -> b),
            askedHere(b -> b.executor(members.callers))));
    rows.add(
        row(
            "`listener`",
            "events heard of a question that is answered and one that fails",
            0,
            events()));
    assertThat(page()).containsAll(rows);
    assertThat(kept(b -> b, 100)).isEqualTo(100);
    assertThat(kept(b -> b.maximumSize(20), 60)).isBetween(1, 60);
    assertThat(page()).contains("| `maximumSize(20)` | " + SIZE + " | 100 | at most 60 |");
    assertThat(weight(b -> b, 1_000)).isEqualTo(1_000);
    assertThat(weight(b -> b.maximumWeight(200, (sku, text) -> text.length()), 200))
        .isBetween(1, 200);
    assertThat(page())
        .contains("| `maximumWeight(200)`, in `LOCAL` | " + WEIGHT + " | 1000 | at most 200 |");
    assertThat(waitedForAtTheEnd(b -> b)).isEqualTo(100);
    // A question of 1 ms or more with 200 is asked early as one of 200 ms or more is with 1.
    assertThat(waitedForAtTheEnd(b -> b.earlyRefresh(200))).isBetween(0, 40);
    assertThat(page()).contains("| `earlyRefresh(1)` | " + EARLY + " | 100 | at most 40 |");
  }

  private int askedHere(UnaryOperator<MemoBuilder<String, Integer>> options) {
    Memo<String, Integer> memo = members.open(Mode.DISTRIBUTED, this::askSupplier, options).get(0);
    waits.set(0);
    for (int i = 0; i < 10; i++) {
      var unused = memo.apply("article-" + i);
    }
    questions.set(0);
    return waits.getAndSet(0);
  }

  private int events() throws Exception {
    List<MemoEvent<String>> heard = Collections.synchronizedList(new ArrayList<>());
    Memo<String, Integer> memo =
        members
            .<String, Integer>open(Mode.DISTRIBUTED, this::askSupplier, b -> b.listener(heard::add))
            .get(0);
    var unused = memo.apply("apple");
    down = true;
    assertThat(fails(() -> memo.apply("pear"))).isEqualTo(1);
    down = false;
    questions.set(0);
    return heard.size();
  }

  private int kept(UnaryOperator<MemoBuilder<String, Integer>> options, int most) {
    List<Memo<String, Integer>> memos = members.open(Mode.DISTRIBUTED, this::askSupplier, options);
    for (int i = 0; i < 100; i++) {
      var unused = memos.get(0).apply("article-" + i);
    }
    settleAll(memos);
    questions.set(0);
    Await.until("what is too much is let go", () -> remembered(memos.get(0)) <= most);
    return remembered(memos.get(0));
  }

  private static void settleAll(List<Memo<String, Integer>> memos) {
    for (Memo<String, Integer> memo : memos) {
      Await.until(
          "no home waits for a run",
          () -> {
            CompletableFuture<Integer> leased = new CompletableFuture<>();
            Members.node(memo).feed(core -> leased.complete(core.leased() + core.waiting()));
            return leased.join() == 0;
          });
    }
  }

  private static int weight(UnaryOperator<MemoBuilder<String, String>> options, int most) {
    Memo<String, String> memo =
        members.open(Mode.LOCAL, (String sku) -> "ten of it!", options).get(0);
    for (int i = 0; i < 100; i++) {
      var unused = memo.apply("article-" + i);
    }
    Await.until("what is too much is let go", () -> weight(memo) <= most);
    return weight(memo);
  }

  private static int weight(Memo<String, String> memo) {
    return IntStream.range(0, 100)
        .mapToObj(i -> memo.peek("article-" + i).orElse(""))
        .mapToInt(String::length)
        .sum();
  }

  /** Of a hundred prices that are asked for ten times a second in the end of their life. */
  private int waitedForAtTheEnd(UnaryOperator<MemoBuilder<String, Integer>> options) {
    UnaryOperator<MemoBuilder<String, Integer>> mortal = b -> options.apply(b.timeToLive(LIFE));
    Memo<String, Integer> memo = hundred(this::askForAWhile, mortal);
    members.tick(LIFE.minusSeconds(3));
    for (int i = 0; i < 30; i++) {
      IntStream.range(0, 100).forEach(k -> assertThat(memo.apply("article-" + k)).isPositive());
      Await.until("nothing is replaced", () -> !((MemoHandle<?, ?>) memo).isRefreshing());
      members.tick(Duration.ofMillis(100));
    }
    waits.set(0);
    IntStream.range(0, 100).forEach(k -> assertThat(memo.apply("article-" + k)).isPositive());
    questions.set(0);
    return waits.getAndSet(0);
  }

  /** As long as is counted. */
  private Integer askForAWhile(String sku) {
    long end = System.nanoTime() + 1_500_000;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    return askSupplier(sku);
  }

  private int lives(UnaryOperator<MemoBuilder<String, Integer>> options) {
    List<Memo<String, Integer>> memos = members.open(Mode.DISTRIBUTED, this::askSupplier, options);
    for (int now = 0; now < MINUTES; now++) {
      var unused = memos.get(now % 3).apply(KEY);
      settle(memos);
      members.tick(60);
    }
    return questions.getAndSet(0);
  }

  /** A hundred prices, stored. */
  private Memo<String, Integer> hundred(UnaryOperator<MemoBuilder<String, Integer>> options) {
    return hundred(this::askSupplier, options);
  }

  private Memo<String, Integer> hundred(
      Function<String, Integer> supplier, UnaryOperator<MemoBuilder<String, Integer>> options) {
    Memo<String, Integer> memo = members.open(Mode.DISTRIBUTED, supplier, options).get(0);
    for (int i = 0; i < 100; i++) {
      String sku = "article-" + i;
      Members.stored(memo, sku, memo.apply(sku));
    }
    questions.set(0);
    return memo;
  }

  private static int remembered(Memo<String, Integer> memo) {
    return (int) IntStream.range(0, 100).filter(i -> memo.peek("article-" + i).isPresent()).count();
  }

  private int idle(UnaryOperator<MemoBuilder<String, Integer>> options) {
    Memo<String, Integer> memo = hundred(options);
    members.tick(600);
    return remembered(memo);
  }

  private int endTogether(UnaryOperator<MemoBuilder<String, Integer>> options) {
    Memo<String, Integer> memo = hundred(options);
    int most = 0;
    int left = 100;
    for (int now = 0; now < 6; now++) {
      members.tick(60);
      int remain = remembered(memo);
      most = Math.max(most, left - remain);
      left = remain;
    }
    assertThat(left).isZero();
    return most;
  }

  private static int rolling(String oldVersion, String newVersion) {
    String name = Members.name();
    Memo<String, String> first =
        Memo.builder(name, (String sku) -> "old")
            .version(oldVersion)
            .build(members.cluster.node(0));
    Members.stored(first, KEY, first.apply(KEY));
    int old = 0;
    for (int i = 1; i < 3; i++) {
      Memo<String, String> next =
          Memo.builder(name, (String sku) -> "new")
              .version(newVersion)
              .build(members.cluster.node(i));
      old += next.apply(KEY).equals("old") ? 1 : 0;
    }
    return old;
  }

  @Test
  void whatEachChanges() throws Exception {
    List<String> rows = new ArrayList<>();
    minute.countDown();
    List<Integer> many = IntStream.range(0, 64).boxed().toList();
    rows.add(
        row(
            "a memo at all",
            "questions when 64 callers on three members ask at once",
            64,
            stampede(many)));
    rows.add(
        row(
            "`key`",
            "questions for `apple`, `Apple` and `APPLE`",
            spellings(b -> b),
            spellings(b -> b.key(sku -> sku.toLowerCase(Locale.ROOT)))));
    rows.add(
        row(
            "`bulk`",
            "questions for 300 articles in one `getAll`",
            all(b -> b),
            all(b -> b.bulk(this::askForAll, x -> x.linger(Duration.ofMinutes(1))))));
    rows.add(
        row(
            "`maxConcurrent(8)`",
            "questions at a time when 16 articles are asked for",
            atATime(b -> b, 16),
            atATime(b -> b.maxConcurrent(8), 8)));
    rows.add(
        row(
            "`tags`",
            "new questions when 10 of 100 prices change",
            changed(Memo::invalidateAll),
            changed(memo -> memo.invalidateTag("list-3"))));
    rows.add(
        row(
            "`trackDependencies`",
            "labels that still say the old price",
            oldLabels(false),
            oldLabels(true)));
    rows.add(
        row(
            "`onFailure(PROMOTE_NEXT)`",
            "of three callers that wait for one run, those that fail when it does",
            failing(FailurePolicy.SHARE),
            failing(FailurePolicy.PROMOTE_NEXT)));
    rows.add(
        row(
            "`cacheNulls(false)`",
            "questions for an article that there is not, asked for ten times",
            missing(b -> b),
            missing(b -> b.cacheNulls(false))));
    rows.add(
        row(
            "`placement(OWNER)`",
            "members that run the function for 100 articles that one member asks for",
            runners(b -> b),
            runners(b -> b.placement(Placement.OWNER))));
    UnaryOperator<MemoBuilder<String, Integer>> stale =
        b -> b.timeToLive(LIFE).staleIfError(Duration.ofHours(1));
    String hanging = "of three callers, those that wait while the supplier hangs";
    rows.add(
        row(
            "`softTimeout`, with an old price",
            hanging,
            hanging(stale, true, 3),
            hanging(b -> stale.apply(b).softTimeout(SHORT), true, 0)));
    rows.add(
        row(
            "`hardTimeout`",
            hanging,
            hanging(b -> b, false, 3),
            hanging(b -> b.hardTimeout(SHORT), false, 0)));
    rows.add(
        row(
            "`waitTimeout`",
            hanging + "; one of them runs",
            hanging(b -> b, false, 3),
            hanging(othersWait(Duration.ofSeconds(1)), false, 1)));
    assertThat(page()).containsAll(rows);
  }

  private static String row(String option, String counted, int without, int with) {
    return "| " + option + " | " + counted + " | " + without + " | " + with + " |";
  }

  private int stampede(List<Integer> callers) throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<String, Integer>> memos =
        members.open(
            Mode.DISTRIBUTED,
            sku -> {
              Members.await(goOn);
              return questions.incrementAndGet();
            },
            b -> b);
    List<Future<Integer>> calls = new ArrayList<>();
    callers.forEach(i -> calls.add(members.call(() -> memos.get(i % 3).apply(KEY))));
    Await.until(
        "all wait",
        () ->
            memos.stream().mapToInt(memo -> ((MemoHandle<?, ?>) memo).waiting()).sum()
                == callers.size());
    goOn.countDown();
    for (Future<Integer> call : calls) {
      assertThat(Members.get(call)).isEqualTo(1);
    }
    return questions.getAndSet(0);
  }

  private int spellings(UnaryOperator<MemoBuilder<String, Integer>> options) {
    Memo<String, Integer> memo = members.open(Mode.DISTRIBUTED, this::askSupplier, options).get(0);
    for (String sku : List.of("apple", "Apple", "APPLE")) {
      var unused = memo.apply(sku);
    }
    return questions.getAndSet(0);
  }

  private Map<String, Integer> askForAll(Set<String> skus) {
    int question = questions.incrementAndGet();
    return skus.stream().collect(Collectors.toMap(sku -> sku, sku -> question));
  }

  private int all(UnaryOperator<MemoBuilder<String, Integer>> options) throws Exception {
    Memo<String, Integer> memo = members.open(Mode.DISTRIBUTED, this::askSupplier, options).get(0);
    List<String> skus = IntStream.range(0, 300).mapToObj(i -> "article-" + i).toList();
    assertThat(Members.get(members.call(() -> memo.getAll(skus)))).hasSize(300);
    return questions.getAndSet(0);
  }

  private int atATime(UnaryOperator<MemoBuilder<String, Integer>> options, int expected)
      throws Exception {
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch goOn = new CountDownLatch(1);
    Memo<String, Integer> memo =
        members
            .<String, Integer>open(
                Mode.DISTRIBUTED,
                sku -> {
                  most.accumulateAndGet(running.incrementAndGet(), Math::max);
                  Members.await(goOn);
                  return running.decrementAndGet();
                },
                options)
            .get(0);
    List<Future<Integer>> calls = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      String sku = "article-" + i;
      calls.add(members.call(() -> memo.apply(sku)));
    }
    Await.until(expected + " run", () -> running.get() == expected);
    goOn.countDown();
    for (Future<Integer> call : calls) {
      assertThat(Members.get(call)).isNotNegative();
    }
    return most.get();
  }

  /** Articles 30 to 39 are on list 3. */
  private int changed(Consumer<Memo<Integer, Integer>> invalidation) {
    List<Memo<Integer, Integer>> memos =
        members.open(
            Mode.DISTRIBUTED,
            article -> askSupplier("article-" + article),
            b -> b.tags((article, price) -> Set.of("list-" + article / 10)));
    for (int i = 0; i < 100; i++) {
      Members.stored(memos.get(0), i, memos.get(0).apply(i));
    }
    questions.set(0);
    invalidation.accept(memos.get(1));
    for (int i = 0; i < 100; i++) {
      var unused = memos.get(2).apply(i);
    }
    return questions.getAndSet(0);
  }

  private int oldLabels(boolean tracked) {
    List<Memo<String, Integer>> prices = members.open(Mode.DISTRIBUTED, this::askSupplier, b -> b);
    List<Memo<String, String>> labels =
        members.open(
            Mode.DISTRIBUTED,
            sku -> sku + ": " + prices.get(0).apply(sku),
            b -> b.trackDependencies(tracked));
    Members.stored(labels.get(0), KEY, labels.get(0).apply(KEY));
    prices.get(1).invalidate(KEY);
    int price = prices.get(2).apply(KEY);
    questions.set(0);
    return labels.get(2).apply(KEY).equals(KEY + ": " + price) ? 0 : 1;
  }

  private int failing(FailurePolicy policy) throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<String, Integer>> memos =
        members.open(
            Mode.DISTRIBUTED,
            sku -> {
              Members.await(goOn);
              if (questions.incrementAndGet() == 1) {
                throw new IllegalStateException("the supplier is busy");
              }
              return 1;
            },
            b -> b.onFailure(policy));
    List<Future<Integer>> calls = new ArrayList<>();
    for (Memo<String, Integer> memo : memos) {
      calls.add(members.call(() -> memo.apply(KEY)));
    }
    Members.waitAtHome(memos, KEY, 2);
    goOn.countDown();
    int failures = 0;
    for (Future<Integer> call : calls) {
      try {
        assertThat(Members.get(call)).isEqualTo(1);
      } catch (ExecutionException e) {
        failures++;
      }
    }
    questions.set(0);
    return failures;
  }

  private int missing(UnaryOperator<MemoBuilder<String, @Nullable Integer>> options) {
    Memo<String, @Nullable Integer> memo =
        members
            .<String, @Nullable Integer>open(
                Mode.DISTRIBUTED,
                sku -> {
                  questions.incrementAndGet();
                  return null;
                },
                options)
            .get(0);
    for (int i = 0; i < 10; i++) {
      assertThat(memo.apply(KEY)).isNull();
    }
    return questions.getAndSet(0);
  }

  private int runners(UnaryOperator<MemoBuilder<String, Integer>> options) {
    List<Memo<String, Integer>> memos = members.open(Mode.DISTRIBUTED, this::askSupplier, options);
    for (int i = 0; i < 100; i++) {
      var unused = memos.get(0).apply("article-" + i);
    }
    questions.set(0);
    return (int) memos.stream().filter(memo -> memo.stats().runs() > 0).count();
  }

  /** All but the first member, whose caller runs: it gets its grant however long that takes. */
  private static UnaryOperator<MemoBuilder<String, Integer>> othersWait(Duration most) {
    AtomicInteger opened = new AtomicInteger();
    return b -> opened.getAndIncrement() == 0 ? b : b.waitTimeout(most);
  }

  /** How many do not end. */
  private int hanging(
      UnaryOperator<MemoBuilder<String, Integer>> options, boolean old, int expected)
      throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    List<Memo<String, Integer>> memos =
        members.open(
            Mode.DISTRIBUTED,
            sku -> {
              if (!old || questions.incrementAndGet() > 1) {
                running.countDown();
                Members.await(goOn);
              }
              return 1;
            },
            options);
    if (old) {
      memos.get(0).seed(KEY, 1);
      memos.forEach(memo -> Members.stored(memo, KEY, 1));
      members.tick(LIFE.toSeconds());
      questions.set(1);
    }
    List<Future<Integer>> calls = new ArrayList<>();
    for (Memo<String, Integer> memo : memos) {
      calls.add(members.call(() -> memo.apply(KEY)));
      Members.await(running);
    }
    if (expected == calls.size()) {
      Members.waitAtHome(memos, KEY, 2);
    }
    Await.until("others end", () -> waiting(calls) == expected);
    goOn.countDown();
    for (Future<Integer> call : calls) {
      try {
        assertThat(Members.get(call)).isEqualTo(1);
      } catch (ExecutionException e) {
        assertThat(e).hasCauseInstanceOf(MemoException.class);
      }
    }
    questions.set(0);
    return expected;
  }

  private static int waiting(List<Future<Integer>> calls) {
    return (int) calls.stream().filter(call -> !call.isDone()).count();
  }

  private static List<String> page() throws IOException {
    return Files.readAllLines(Path.of("..", "docs", "memo.md"));
  }
}
