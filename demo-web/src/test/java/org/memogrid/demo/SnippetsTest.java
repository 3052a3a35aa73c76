/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.session.SessionCacheFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memogrid.cache.Cache;
import org.memogrid.cache.CacheEvent;
import org.memogrid.cache.CacheOptions;
import org.memogrid.cache.CacheStats;
import org.memogrid.cache.Expiry;
import org.memogrid.cache.Mode;
import org.memogrid.cache.Persist;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Partitions;
import org.memogrid.daemon.Daemon;
import org.memogrid.jetty.ClusterSessions;
import org.memogrid.job.Firing;
import org.memogrid.job.Job;
import org.memogrid.job.JobStatus;
import org.memogrid.job.Schedule;
import org.memogrid.memo.Memo;
import org.memogrid.memo.Memo2;
import org.memogrid.pipeline.Pipeline;
import org.memogrid.pipeline.PipelineHaltedException;
import org.memogrid.pipeline.Recovery;
import org.memogrid.pipeline.Step;
import org.memogrid.pipeline.Submission;
import org.memogrid.pipeline.Submit;
import org.memogrid.queue.Listen;
import org.memogrid.queue.Message;
import org.memogrid.queue.MessageQueue;
import org.memogrid.queue.Publish;
import org.memogrid.queue.Selector;
import org.memogrid.queue.Topic;
import org.memogrid.testkit.Await;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The examples of the README and of {@code docs}, as they stand there; {@link DocsTest} compares.
 * Those that need a network are compiled only.
 */
class SnippetsTest {
  private static final Logger log = LoggerFactory.getLogger(SnippetsTest.class);

  private final AtomicInteger runs = new AtomicInteger();
  private final Set<Integer> handled = ConcurrentHashMap.newKeySet();
  private final Shop shop = new Shop();
  private Cluster cluster;

  record Price(String sku, int cents) {}

  private final class Shop {
    Price askSupplier(String sku) {
      return new Price(sku, 100 + runs.incrementAndGet());
    }

    Map<String, Price> askForAll(Set<String> skus) {
      return skus.stream().collect(Collectors.toMap(sku -> sku, this::askSupplier));
    }

    CompletableFuture<Price> askLater(String sku) {
      return CompletableFuture.completedFuture(askSupplier(sku));
    }

    Price offer(String sku, String customer) {
      return new Price(sku + " for " + customer, runs.incrementAndGet());
    }
  }

  private int slowIncrement(int t) {
    runs.incrementAndGet();
    return t + 1;
  }

  @BeforeAll
  static void sharedIsAlone() {
    System.setProperty("memogrid.cluster", "none");
  }

  @AfterAll
  static void restore() {
    Cluster.shared().close();
    System.clearProperty("memogrid.cluster");
  }

  @BeforeEach
  void join() {
    cluster = Cluster.local();
  }

  @AfterEach
  void leave() {
    cluster.close();
  }

  @Test
  void readme() {
    Memo<Integer, Integer> sleepy = Memo.of(t -> slowIncrement(t), "sleepy", Mode.REPLICATED);

    int six = sleepy.apply(5); // the first call anywhere in the cluster runs the function
    int again = sleepy.apply(5); // from then on the answer is there at once, on every node

    // Whoever asks while the function runs, on whatever node, waits for that one run.
    // If the node that computes dies, one that waits computes in its place.

    assertThat(six).isEqualTo(6);
    assertThat(again).isEqualTo(6);
    assertThat(runs).hasValue(1);
    sleepy.close();
  }

  @Test
  void memo() {
    Memo<String, Price> prices = Memo.of(sku -> shop.askSupplier(sku), "prices", Mode.REPLICATED);
    Price price = prices.apply("apple");

    prices.invalidate("apple");
    Price fresh = prices.apply("apple");

    assertThat(price).isEqualTo(new Price("apple", 101));
    assertThat(fresh).isEqualTo(new Price("apple", 102));
    prices.close();
  }

  @Test
  void memoOptions() {
    Memo<String, Price> prices =
        Memo.builder("prices", (String sku) -> shop.askSupplier(sku))
            .mode(Mode.DISTRIBUTED)
            .timeToLive(Duration.ofMinutes(5))
            .maxIdle(Duration.ofMinutes(1))
            .key(sku -> sku.toLowerCase(Locale.ROOT))
            .version("2")
            .build(cluster);

    assertThat(prices.apply("Apple")).isEqualTo(prices.apply("APPLE"));
    assertThat(runs).hasValue(1);
  }

  private void handle(int number) {
    handled.add(number);
  }

  @Test
  void queue() {
    MessageQueue<Integer> queue = MessageQueue.named("/queue/msg", Integer.class).open(cluster);
    queue.listen(message -> handle(message.body())); // on as many members as you like
    queue.publish(7); // returns when two members hold it

    Await.until("the message", () -> handled.contains(7));
  }

  @Test
  void queuePublish() {
    MessageQueue<Integer> queue = MessageQueue.named("publish", Integer.class).open(cluster);
    CompletableFuture<Void> held = queue.publishAsync(8); // many at a time: they travel together
    queue.publish(9, Publish.priority(9).delay(Duration.ofSeconds(5)).header("region", "eu"));
    queue.publish(10, Publish.normal().timeToLive(Duration.ofMinutes(1)).dedupeId("payment-10"));

    held.join();
    assertThat(queue.size()).isEqualTo(3);
  }

  @Test
  void queueConsume() {
    MessageQueue<Integer> queue = MessageQueue.named("consume", Integer.class).open(cluster);
    queue.publish(9, Publish.normal().header("region", "us"));
    Registration listening =
        queue.listen(message -> handle(message.body()), Listen.concurrency(5).prefetch(50));
    Message<Integer> one = queue.receive(Duration.ofSeconds(1), Selector.header("region").is("eu"));
    if (one != null) {
      one.ack(); // or nack()
    }

    assertThat(one).isNull();
    Await.until("the message", () -> handled.contains(9));
    listening.close();
  }

  private void step() {
    runs.incrementAndGet();
  }

  @Test
  void daemon() {
    Daemon counter =
        Daemon.named(
                "counter",
                context -> {
                  while (context.sleep(Duration.ofSeconds(1))) {
                    step();
                  }
                })
            .start(cluster);

    Await.until("a step", () -> runs.get() > 0);
    counter.close();
  }

  @Test
  void job() {
    Job report = Job.named("report", context -> step()).cron("*/20 * * * * ?").start(cluster);

    report.pause(); // in the whole cluster; instants of the pause are not made up for
    report.resume();
    report.triggerNow(); // once more, whatever the schedule
    report.reschedule(Schedule.every(Duration.ofMinutes(1)).limit(3)); // its count begins anew
    Instant next = report.next();
    List<Firing> last = report.history(); // the last hundred, of all members
    report.unschedule(); // in the whole cluster

    assertThat(next).isNotNull();
    assertThat(last).hasSizeLessThan(10);
  }

  @Test
  void jobSchedules() {
    Instant monday = Instant.now().plus(Duration.ofDays(1));
    Instant friday = monday.plus(Duration.ofDays(4));
    Job.named("nightly", context -> step())
        .cron("0 30 2 * * ?")
        .zone("Europe/Berlin")
        .start(cluster);
    Job.named("poll", context -> step())
        .every(Duration.ofMinutes(5))
        .start(cluster); // now, and then
    Job.named("reminder", context -> step()).in(Duration.ofHours(1)).start(cluster); // once
    Job.named("campaign", context -> step())
        .at(monday)
        .every(Duration.ofHours(6))
        .until(friday)
        .limit(10)
        .start(cluster);

    Await.until("the one that begins at once", () -> runs.get() == 1);
  }

  @Test
  void jobThatOutlivesItsMembers(@TempDir Path directory) {
    try (Cluster cluster = Cluster.local()) {
      Job billing =
          Job.named("billing", context -> step())
              .cron("0 0 6 1 * ?")
              .persist(Persist.file(directory))
              .start(cluster);

      assertThat(billing.missing()).isEmpty();
      assertThat(billing.status()).isEqualTo(JobStatus.SCHEDULED);
    }
  }

  @Test
  void queueRequest() {
    MessageQueue<Integer> queue = MessageQueue.named("request", Integer.class).open(cluster);
    Registration responding = queue.respond(n -> "value " + n);
    CompletableFuture<String> reply = queue.request(5, String.class, Duration.ofSeconds(10));

    assertThat(reply.join()).isEqualTo("value 5");
    responding.close();
  }

  @Test
  void queueDeadLetters() {
    MessageQueue<Integer> queue =
        MessageQueue.named("dead", Integer.class).attempts(1).open(cluster);
    queue.publish(3);
    queue.listen(
        message -> {
          if (!message.redelivered()) {
            throw new IllegalStateException("not yet");
          }
        });
    Await.until("a dead letter", () -> queue.deadLetters().size() == 1);
    queue
        .deadLetters()
        .browse()
        .forEach(letter -> log.warn("{}: {}", letter.message().body(), letter.cause()));
    queue.deadLetters().redrive(); // all of them come again, at the end of the queue

    assertThat(queue.stats().published()).isEqualTo(1);
  }

  @Test
  void topic() {
    Topic<String> news = Topic.named("news", String.class).open(cluster);
    news.subscribe(text -> log.info("heard {}", text)); // every subscriber, on every member
    news.subscribeDurably("audit", message -> log.info("kept {}", message.body()));
    news.publish("hello");

    Await.until("it is kept", () -> news.durable("audit").stats().handled() == 1);
  }

  private static List<String> letters(String text) {
    return new ArrayList<>(List.of(text.split("")));
  }

  private static List<String> reversed(List<String> letters) {
    Collections.reverse(letters);
    return letters;
  }

  private String retrieve(String url) {
    if (url.startsWith("down")) {
      throw new UncheckedIOException(new IOException("no route"));
    }
    return url + " contents";
  }

  private String process(String contents) {
    if (contents.startsWith("odd")) {
      throw new IllegalStateException("odd");
    }
    return contents + " processed";
  }

  @Test
  void pipeline() throws Exception {
    Pipeline<String, String> reverse =
        Pipeline.<String, String>named("reverse-a-string")
            .step("seq", text -> letters(text))
            .step("reverse", letters -> reversed(letters), Step.concurrency(10)) // the slow one
            .step("apply-str", letters -> String.join("", letters))
            .concurrency(5) // threads per step on each node, 1 unless said otherwise
            .start(cluster);

    CompletableFuture<String> result = reverse.submit("ham"); // returns at once
    String mah = result.get(1, TimeUnit.MINUTES);

    Submission<String> submission =
        reverse.submit("ham", Submit.plain().deadline(Duration.ofSeconds(5)));
    CompletableFuture<String> elsewhere =
        reverse.result(submission.id()); // on any node, for an hour

    Pipeline<String, String> embiggen =
        Pipeline.<String, String>named("reverse-and-embiggen")
            .step("reverse", reverse)
            .step("upper", text -> text.toUpperCase(Locale.ROOT))
            .step("embiggen", text -> "¡" + text + "!")
            .stepTimeout(Duration.ofMinutes(1))
            .start(cluster);
    // "tiucsib" becomes "¡BISCUIT!"

    assertThat(mah).isEqualTo("mah");
    assertThat(elsewhere.get(60, TimeUnit.SECONDS)).isEqualTo("mah");
    assertThat(embiggen.submit("tiucsib").get(60, TimeUnit.SECONDS)).isEqualTo("¡BISCUIT!");
    reverse
        .deadLetters()
        .list()
        .forEach(dead -> log.warn("{} in {}: {}", dead.id(), dead.step(), dead.cause()));
    reverse.deadLetters().redrive(); // all of them go on where they failed

    assertThat(reverse.describe()).contains("apply-str");
  }

  @Test
  void pipelineErrors() throws Exception {
    Pipeline<String, String> network =
        Pipeline.<String, String>named("do-something-on-the-network")
            .step(
                "retrieve-a-url",
                url -> retrieve(url),
                Step.plain()
                    .onError(
                        (error, value, step) -> {
                          if (error instanceof UncheckedIOException) {
                            return Recovery.halt(); // exit the pipeline
                          }
                          throw (Exception) error; // retry, as without a handler
                        }))
            .step("process-url-contents", contents -> process(contents))
            .onError((error, value, step) -> Recovery.jump(step.nextStep(), value)) // skip this one
            .start(cluster);

    assertThat(network.submit("up").get(60, TimeUnit.SECONDS)).isEqualTo("up contents processed");
    assertThat(network.submit("odd").get(60, TimeUnit.SECONDS)).isEqualTo("odd contents");
    assertThatThrownBy(() -> network.submit("down").get(60, TimeUnit.SECONDS))
        .hasCauseInstanceOf(PipelineHaltedException.class);
  }

  @Test
  void pipelineWays() throws Exception {
    Pipeline<List<String>, Integer> count =
        Pipeline.<List<String>, Integer>named("count-letters")
            .fanOut("pages", urls -> urls) // each element goes on for itself, on any node
            .step("fetch", url -> retrieve(url), Step.concurrency(20))
            .join("sum", pages -> pages.stream().mapToInt(String::length).sum()) // in their order
            .start(cluster);

    Pipeline<Integer, Integer> collatz =
        Pipeline.<Integer, Integer>named("collatz")
            .step(
                "next",
                (n, step) -> {
                  int next = n % 2 == 0 ? n / 2 : 3 * n + 1;
                  if (next != 1) {
                    step.goTo("next"); // where what it returns goes
                  }
                  return next;
                })
            .maxJumps(1_000) // back, 100 unless said otherwise; more is a failure
            .start(cluster);

    assertThat(count.submit(List.of("a", "bc")).get(60, TimeUnit.SECONDS)).isEqualTo(21);
    assertThat(collatz.submit(27).get(60, TimeUnit.SECONDS)).isEqualTo(1);
  }

  @Test
  void memoAges() {
    Memo<String, Price> prices =
        Memo.builder("prices", (String sku) -> shop.askSupplier(sku))
            .timeToLive(Duration.ofMinutes(5))
            .jitter(0.1)
            .refreshAhead(0.8)
            .staleWhileRevalidate(Duration.ofMinutes(1))
            .staleIfError(Duration.ofHours(1))
            .softTimeout(Duration.ofMillis(500))
            .hardTimeout(Duration.ofSeconds(10))
            .build(cluster);

    assertThat(prices.apply("apple")).isEqualTo(prices.apply("apple"));
  }

  @Test
  void memoTags() {
    Memo<String, Price> prices =
        Memo.builder("prices", (String sku) -> shop.askSupplier(sku))
            .tags((sku, price) -> Set.of("list-" + price.cents() / 100))
            .build(cluster);
    Memo<String, String> labels =
        Memo.builder("labels", (String sku) -> sku + ": " + prices.apply(sku).cents())
            .trackDependencies(true)
            .build(cluster);
    String label = labels.apply("fruit/apple");

    prices.invalidateTag("list-1");
    prices.invalidateIf(sku -> sku.startsWith("fruit/"));

    assertThat(label).isEqualTo("fruit/apple: 101");
    assertThat(labels.apply("fruit/apple")).isEqualTo("fruit/apple: 102");
  }

  @Test
  void memoBulk() {
    Memo<String, Price> prices =
        Memo.builder("prices", (String sku) -> shop.askSupplier(sku))
            .maxConcurrent(8)
            .bulk(skus -> shop.askForAll(skus), batch -> batch.maxSize(100))
            .waitTimeout(Duration.ofSeconds(2))
            .build(cluster);
    Map<String, Price> all = prices.getAll(List.of("apple", "pear", "plum"));

    assertThat(all).hasSize(3);
  }

  @Test
  void memoShapes() {
    Memo2<String, String, Price> offers =
        Memo2.of(
            Memo.builder("offers", (String sku, String customer) -> shop.offer(sku, customer))
                .build(cluster));
    Price offer = offers.apply("apple", "ann");

    Memo<String, Price> prices =
        Memo.<String, Price>builderAsync("prices", sku -> shop.askLater(sku)).build(cluster);
    CompletableFuture<Price> later = prices.async("apple");

    assertThat(offer.sku()).isEqualTo("apple for ann");
    assertThat(later.join().sku()).isEqualTo("apple");
  }

  @Test
  void cache() {
    Cache<String, Price> prices = cluster.cache("prices", Mode.REPLICATED);
    Price apple = new Price("apple", 120);
    prices.put("apple", apple);
    Price found = prices.get("apple"); // on this member and on every other

    prices.put("apple", apple, Expiry.ttl(Duration.ofMinutes(5)));
    prices.put("pear", apple, Expiry.idle(Duration.ofMinutes(1)));
    prices.put("plum", apple, Expiry.ttl(Duration.ofMinutes(5)).idle(Duration.ofMinutes(1)));

    Registration heard =
        prices.listen(
            event -> log.info("{}", event), CacheEvent.Type.REMOVED, CacheEvent.Type.EXPIRED);
    CacheStats stats = prices.stats();

    List<Member> owners = prices.owners("apple"); // who holds it, or would; costs no message

    assertThat(owners).isNotEmpty();
    assertThat(found).isEqualTo(apple);
    assertThat(stats.hits()).isEqualTo(1);
    assertThat(prices.size()).isEqualTo(3);
    heard.close();
  }

  @Test
  void changes() {
    Cache<String, Integer> stock = cluster.cache("stock", Mode.DISTRIBUTED);
    Integer before = stock.putIfAbsent("apple", 10); // null: it is stored
    boolean taken = stock.replace("apple", 10, 9);
    Integer now = stock.update("apple", n -> n == null ? 1 : n + 1);
    ConcurrentMap<String, Integer> map = stock.asMap();

    assertThat(before).isNull();
    assertThat(taken).isTrue();
    assertThat(now).isEqualTo(10);
    assertThat(map).containsEntry("apple", 10);
  }

  @Test
  void options() {
    CacheOptions options =
        CacheOptions.of(Mode.DISTRIBUTED)
            .timeToLive(Duration.ofMinutes(5))
            .maxEntries(10_000)
            .owners(3);
    Cache<String, Price> cache = cluster.cache("limited", options);

    cache.put("apple", new Price("apple", 120));
    assertThat(cache.get("apple")).isNotNull();
  }

  @Test
  void copies() {
    CacheOptions copying =
        CacheOptions.of(Mode.DISTRIBUTED).nearCache(10_000, Duration.ofSeconds(5));
    Cache<String, Price> catalogue = cluster.cache("catalogue", copying);

    catalogue.put("apple", new Price("apple", 120));
    assertThat(catalogue.get("apple")).isNotNull();
  }

  @Test
  void persistent(@TempDir Path directory) {
    try (Cluster cluster = Cluster.local()) {
      CacheOptions options =
          CacheOptions.of(Mode.LOCAL).maxEntries(10_000).persist(Persist.file(directory));
      Cache<String, Integer> prices = cluster.cache("prices", options);

      prices.put("apple", 120);
      assertThat(prices.get("apple")).isEqualTo(120);
    }
    assertThat(directory.resolve("prices")).isNotEmptyDirectory();
  }

  @Test
  void persistentMemo(@TempDir Path directory) {
    try (Cluster cluster = Cluster.local()) {
      Memo<String, Integer> prices =
          Memo.builder("prices", (String sku) -> shop.askSupplier(sku).cents())
              .mode(Mode.LOCAL)
              .version("2")
              .timeToLive(Duration.ofHours(1))
              .persist(Persist.file(directory))
              .build(cluster);
      assertThat(prices.apply("apple")).isEqualTo(101);
    }
    assertThat(directory.resolve("org.memogrid.memo.prices%2F2")).isNotEmptyDirectory();
  }

  /** Compiled, not run. */
  static MessageQueue<Integer> durableQueue(Path directory, Cluster cluster) {
    MessageQueue<Integer> orders =
        MessageQueue.named("orders", Integer.class).persist(Persist.file(directory)).open(cluster);
    return orders;
  }

  /** Compiled, not run. */
  static Topic<String> durableTopic(Path directory, Cluster cluster) {
    Topic<String> news =
        Topic.named("news", String.class).persist(Persist.file(directory)).open(cluster);
    return news;
  }

  /** Compiled, not run. */
  static Cache<String, Integer> inTable(Cluster cluster, DataSource source) {
    CacheOptions options =
        CacheOptions.of(Mode.LOCAL).maxEntries(10_000).persist(Persist.jdbc(source, "prices"));
    Cache<String, Integer> prices = cluster.cache("prices", options);
    return prices;
  }

  /** Compiled, not run. */
  static Cache<String, Integer> behind(Cluster cluster, DataSource source) {
    CacheOptions options =
        CacheOptions.of(Mode.LOCAL).persist(Persist.jdbc(source, "visits").writeBehind(1_000, 100));
    Cache<String, Integer> visits = cluster.cache("visits", options);
    return visits;
  }

  /** Compiled, not run. */
  static Cache<String, Integer> behindTogether(Cluster cluster) {
    CacheOptions options =
        CacheOptions.of(Mode.DISTRIBUTED)
            .persist(Persist.jdbc("shop", "visits").writeBehind(1_000, 100));
    Cache<String, Integer> visits = cluster.cache("visits", options);
    return visits;
  }

  /** Compiled, not run. */
  static Cache<String, Integer> inSharedTable(DataSource source) {
    Cluster cluster =
        Cluster.builder()
            .dataSource("shop", source)
            .partitions(Partitions.CONSISTENT)
            .expectMembers(3, Duration.ofSeconds(30))
            .join();
    CacheOptions options =
        CacheOptions.of(Mode.DISTRIBUTED)
            .maxEntries(10_000)
            .persist(Persist.jdbc("shop", "prices"));
    Cache<String, Integer> prices = cluster.cache("prices", options);
    return prices;
  }

  @Test
  void environment() {
    Cluster cluster = Cluster.builder().fromEnvironment().join();

    assertThat(cluster.membership().members()).hasSize(1);
    cluster.close();
  }

  /** Compiled, not run. */
  static Cluster allowed() {
    Cluster cluster = Cluster.builder().allow("com.acme.shop.*").join();
    return cluster;
  }

  /** Compiled, not run. */
  static void joined() {
    Cluster cluster = Cluster.builder().name("shop").nodeName("node-1").join();
    List<Member> members = cluster.membership().members();
    Registration told =
        cluster.onMembership((before, now) -> log.info("members: {}", now.members()));

    log.info("{}", members);
    told.close();
    cluster.close();
  }

  /** Compiled, not run. */
  static Cluster seeded() {
    Cluster cluster =
        Cluster.builder()
            .name("shop")
            .bind("10.0.0.7")
            .seeds("10.0.0.5:7800", "10.0.0.6:7800")
            .allow("com.acme.shop.*")
            .expectMembers(3, Duration.ofSeconds(30))
            .join();
    return cluster;
  }

  @Test
  void sessions() {
    Server server = new Server(8080);
    ClusterSessions.on(cluster).install(server); // before its contexts start

    assertThat(server.getBean(SessionCacheFactory.class)).isNotNull();
  }
}
