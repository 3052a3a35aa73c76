/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;

class RoutesTest {
  private static final Member A = new Member("a", "1");
  private static final Membership TWO = new Membership(2, List.of(A, new Member("b", "2")), A);

  private final HttpClient client = HttpClient.newHttpClient();
  private DemoServer server;
  private Function<Integer, Integer> increment = t -> t + 1;

  @BeforeEach
  void serve() throws Exception {
    server = new DemoServer(0);
    server.serve(new Routes(t -> increment.apply(t), () -> TWO));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/example/?t=5", "/example?t=5"})
  void theExampleAnswersTheValue(String path) throws Exception {
    HttpResponse<String> response = get(path);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).isEqualTo("value=6\n");
  }

  @Test
  void withoutTheSecondsItIsOne() throws Exception {
    assertThat(get("/example/").body()).isEqualTo("value=2\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "61", "x", "", "1.5", "99999999999"})
  void badSecondsAreRefusedBeforeTheFunctionIsCalled(String t) throws Exception {
    increment =
        any -> {
          throw new AssertionError("called");
        };
    HttpResponse<String> response = get("/example/?t=" + t);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body())
        .isEqualTo("t is '" + t + "': give whole seconds from 0 to 60, as in /example/?t=5\n");
  }

  @Test
  void aFailureIsSaidAndIsNotAValue() throws Exception {
    increment =
        any -> {
          throw new IllegalStateException("the cluster is closed");
        };
    HttpResponse<String> response = get("/example/?t=5");
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(response.body()).isEqualTo("no value for t=5: the cluster is closed\n");
  }

  @Test
  void healthNamesTheMembers() throws Exception {
    assertThat(get("/health").body()).isEqualTo("up: a in [a, b]\n");
  }

  @Test
  void thePageSaysWhatToTryOnItsOwnPort() throws Exception {
    assertThat(get("/").body())
        .contains("Memogrid demo: a of [a, b]")
        .contains("curl '127.0.0.1:" + server.port() + "/example/?t=5'");
  }

  @Test
  void anotherPathIsNotFound() throws Exception {
    HttpResponse<String> response = get("/exampel/");
    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(response.body()).isEqualTo("nothing at /exampel/: see /\n");
  }

  @Test
  void otherMethodsAreRefused() throws Exception {
    HttpResponse<String> response =
        client.send(
            HttpRequest.newBuilder(uri("/example/?t=5"))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build(),
            BodyHandlers.ofString());
    assertThat(response.statusCode()).isEqualTo(405);
    assertThat(response.headers().firstValue("Allow")).hasValue("GET, HEAD");
  }

  @Test
  void aPortInUseIsNamedWithTheRemedy() {
    assertThatThrownBy(() -> new DemoServer(server.port()).close())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("HTTP port " + server.port())
        .hasMessageContaining("Address already in use")
        .hasMessageEndingWith("stop what uses it or give another --port");
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return client.send(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString());
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }
}
