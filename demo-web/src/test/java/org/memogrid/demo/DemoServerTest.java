/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.testkit.Await;

/** All that a node answers, on a cluster without network. */
@Timeout(60)
class DemoServerTest {
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Health health = new Health();
  private Cluster cluster;
  private DemoApp app;
  private @Nullable Dashboard dashboard;
  private @Nullable Survey survey;
  private DemoServer server;

  @BeforeEach
  void serve() throws Exception {
    cluster = Cluster.local();
    app = new DemoApp(cluster, new Pace(Duration.ofMinutes(10), Duration.ofMinutes(10)));
    server = new DemoServer(0, health);
  }

  @AfterEach
  void stop() {
    if (dashboard != null) {
      dashboard.close();
    }
    if (survey != null) {
      survey.close();
    }
    server.close();
    app.close();
    cluster.close();
  }

  private void up() throws Exception {
    Cache<?, ?> sessions = cluster.cache("http-sessions", Mode.DISTRIBUTED);
    Survey asked = new Survey(app, sessions);
    survey = asked;
    dashboard = new Dashboard(new Snapshot(cluster, new Arrivals(cluster), app, asked, sessions));
    server.serve(cluster, app, dashboard, new Metrics(cluster, app, asked, sessions));
    health.up(cluster::membership);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/example/?t=0", "/example?t=0"})
  void theExampleAnswersTheValueAndHowItCame(String path) throws Exception {
    up();
    HttpResponse<String> first = get(path);
    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(first.body()).isEqualTo("value=1\n");
    assertThat(first.headers().firstValue("Memo")).hasValue("run");
    assertThat(get(path).headers().firstValue("Memo")).hasValue("hit");
  }

  /** More than Jetty has threads, and all wait for one run. */
  @Test
  @EnabledForJreRange(min = JRE.JAVA_21)
  void whereTheJvmHasVirtualThreadsThoseWhoWaitHoldUpNobody() throws Exception {
    up();
    List<CompletableFuture<HttpResponse<String>>> waiting = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      waiting.add(
          client.sendAsync(
              HttpRequest.newBuilder(uri("/example/?t=20")).build(), BodyHandlers.ofString()));
    }
    Await.until("the others wait", () -> app.sleepy.stats().joins() == 299);
    assertThat(get("/count").body()).isEqualTo("You accessed this page 1 times\n");
    assertThat(waiting).as("it came in between").noneMatch(CompletableFuture::isDone);
    assertThat(waiting).allSatisfy(one -> assertThat(one.join().body()).isEqualTo("value=21\n"));
  }

  @Test
  void withoutTheSecondsItIsOne() throws Exception {
    up();
    assertThat(get("/example/").body()).isEqualTo("value=2\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "61", "x", "", "1.5", "99999999999"})
  void badSecondsAreRefusedBeforeTheFunctionIsCalled(String t) throws Exception {
    up();
    HttpResponse<String> response = get("/example/?t=" + t);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body())
        .isEqualTo("t is '" + t + "': give whole seconds from 0 to 60, as in /example/?t=5\n");
    assertThat(app.sleepy.stats().runs()).isZero();
  }

  @Test
  void aFailureIsSaidAndIsNotAValue() throws Exception {
    up();
    app.sleepy.close();
    HttpResponse<String> response = get("/example/?t=5");
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(response.body()).startsWith("no value for t=5: ");
  }

  /** The job fires at once, when the application starts: then it has counted to two. */
  private void awaitTheFirstFiring() {
    Await.until("the first firing", () -> Integer.valueOf(2).equals(app.counters.get("jobs")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/whatever", "/an/obnoxious/path"})
  void theRootAndWhatIsUnderItShowTheCounters(String path) throws Exception {
    up();
    awaitTheFirstFiring();
    assertThat(get(path).body()).isEqualTo("messages=1, jobs=2\n");
    app.counters.put("messages", 9);
    assertThat(get(path).body()).isEqualTo("messages=9, jobs=2\n");
  }

  @ParameterizedTest
  @CsvSource({"ham,mah", "'',''", "a%20b%26%F0%9F%98%80,😀&b a"})
  void aTextIsReversedByThreeSteps(String text, String reversed) throws Exception {
    up();
    HttpResponse<String> response = get("/reverse?text=" + text);
    assertThat(response.body()).isEqualTo(reversed + "\n");
    for (String step : List.of("seq", "reverse", "apply-str")) {
      assertThat(response.headers().firstValue("Step-" + step)).hasValue(cluster.self().name());
    }
  }

  @Test
  void aTextThatIsMissingOrTooLongIsRefused() throws Exception {
    up();
    assertThat(get("/reverse").statusCode()).isEqualTo(400);
    assertThat(get("/reverse").body())
        .isEqualTo("text is missing: give up to 1000 characters, as in /reverse?text=ham\n");
    HttpResponse<String> longer = get("/reverse?text=" + "a".repeat(1001));
    assertThat(longer.statusCode()).isEqualTo(400);
    assertThat(longer.body()).startsWith("text is too long: ");
  }

  @Test
  void theSessionIsCounted() throws Exception {
    up();
    HttpResponse<String> first = get("/count");
    assertThat(first.body()).isEqualTo("You accessed this page 1 times\n");
    String cookie = first.headers().firstValue("Set-Cookie").orElseThrow().replaceFirst(";.*", "");
    HttpRequest next = HttpRequest.newBuilder(uri("/count")).header("Cookie", cookie).build();
    assertThat(client.send(next, BodyHandlers.ofString()).body())
        .isEqualTo("You accessed this page 2 times\n");
  }

  @Test
  void healthIsGreenOnlyWhileThisNodeWantsRequests() throws Exception {
    assertThat(get("/health").statusCode()).isEqualTo(503);
    assertThat(get("/health").body()).isEqualTo("joining\n");
    assertThat(get("/count").statusCode()).isEqualTo(503);
    up();
    assertThat(get("/health").statusCode()).isEqualTo(200);
    assertThat(get("/health").body()).matches("up: (\\S+) in \\[\\1]\n");
    health.drain();
    assertThat(get("/health").statusCode()).isEqualTo(503);
    assertThat(get("/health").body()).isEqualTo("draining\n");
    assertThat(get("/count").statusCode()).as("what still comes is served").isEqualTo(200);
  }

  @Test
  void metricsAreThoseOfPrometheus() throws Exception {
    up();
    get("/example/?t=0");
    get("/example/?t=0");
    HttpResponse<String> metrics = get("/metrics");
    assertThat(metrics.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("text/plain; version=0.0.4");
    assertThat(metrics.body())
        .containsPattern("memogrid_cluster_members\\{node=\".+\"} 1\\.0")
        .containsPattern("memogrid_memo_calls_total\\{answer=\"run\",memo=\"sleepy\",.*} 1\\.0")
        .containsPattern("memogrid_memo_calls_total\\{answer=\"hit\",memo=\"sleepy\",.*} 1\\.0")
        .containsPattern("memogrid_cache_gets_total\\{cache=\"counters\",.*result=\"miss\"} ")
        .contains("jvm_memory_used_bytes")
        .containsPattern("memogrid_daemon_held\\{daemon=\"counter\",.*} [01]\\.0")
        .containsPattern("memogrid_pipeline_under_way\\{.*pipeline=\"reverse-a-string\".*} 0\\.0");
    awaitTheFirstFiring();
    get("/reverse?text=ham");
    app.messages.publish(7);
    Await.untilAsserted(
        "what the members answered",
        () ->
            assertThat(get("/metrics").body())
                .containsPattern("memogrid_queue_handled_total\\{.*queue=\"/queue/msg\"} 1\\.0")
                .containsPattern("memogrid_queue_messages\\{.*state=\"waiting\"} 0\\.0")
                .containsPattern("memogrid_job_fired_total\\{job=\"ajob\",.*} 1\\.0")
                .containsPattern("memogrid_pipeline_runs_total\\{.*step=\"seq\"} 1\\.0"));
  }

  @Test
  void theDashboardIsOnePageAndAStreamOfEvents() throws Exception {
    up();
    app.counters.put("messages", 9);
    HttpResponse<String> page = get("/dashboard");
    assertThat(page.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/html");
    assertThat(page.body()).contains("Compute here").doesNotContain("http://", "https://");
    var events =
        client.send(
            HttpRequest.newBuilder(uri("/dashboard/events")).build(), BodyHandlers.ofInputStream());
    assertThat(events.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("text/event-stream");
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(events.body(), StandardCharsets.UTF_8))) {
      assertThat(lines.readLine()).startsWith("data: {\"self\":\"" + cluster.self().name() + "\"");
      get("/example/?t=0");
      app.messages.publish(7);
      String line = lines.readLine();
      while (!Stream.of(
              "\"remembered\":{\"0\":1}",
              "\"value\":9",
              "\"owners\":[\"" + cluster.self().name() + "\"]",
              "\"received\":{\"" + cluster.self().name() + "\":[7]}",
              "\"job\":{\"name\":\"ajob\",\"holder\":\"" + cluster.self().name() + "\"")
          .allMatch(String.valueOf(line)::contains)) {
        assertThat(line).isNotNull();
        line = lines.readLine();
      }
      requireNonNull(dashboard).close();
      while (line != null) {
        line = lines.readLine(); // the stream ends
      }
    }
  }

  @Test
  void otherMethodsAreRefused() throws Exception {
    up();
    HttpRequest post =
        HttpRequest.newBuilder(uri("/example/?t=5"))
            .POST(HttpRequest.BodyPublishers.noBody())
            .build();
    assertThat(client.send(post, BodyHandlers.ofString()).statusCode()).isEqualTo(405);
  }

  @Test
  void aPortInUseIsNamedWithTheRemedy() {
    assertThatThrownBy(() -> new DemoServer(server.port(), new Health()).close())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("HTTP port " + server.port())
        .hasMessageContaining("Address already in use")
        .hasMessageEndingWith(
            "stop what uses it or give another --port, for several nodes another --http-port");
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return client.send(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString());
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }
}
