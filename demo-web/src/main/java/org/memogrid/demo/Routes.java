/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the demo answers. A request for {@code /example/} occupies its thread until the value is
 * there; Jetty knows that this handler blocks.
 */
final class Routes extends Handler.Abstract {
  private static final Logger log = LoggerFactory.getLogger(Routes.class);

  private final Function<Integer, Integer> increment;
  private final Supplier<Membership> membership;

  Routes(Function<Integer, Integer> increment, Supplier<Membership> membership) {
    this.increment = increment;
    this.membership = membership;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Answer answer;
    if (HttpMethod.GET.is(request.getMethod()) || HttpMethod.HEAD.is(request.getMethod())) {
      answer = answer(request);
    } else {
      response.getHeaders().put(HttpHeader.ALLOW, "GET, HEAD");
      answer = new Answer(HttpStatus.METHOD_NOT_ALLOWED_405, "only GET and HEAD are served here\n");
    }
    response.setStatus(answer.status());
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain; charset=utf-8");
    Content.Sink.write(response, true, answer.body(), callback);
    return true;
  }

  private Answer answer(Request request) {
    String path = Request.getPathInContext(request);
    return switch (path) {
      case "/" -> new Answer(HttpStatus.OK_200, page(request));
      case "/health" -> new Answer(HttpStatus.OK_200, health());
      case "/example", "/example/" ->
          example(Request.extractQueryParameters(request).getValue("t"));
      default -> new Answer(HttpStatus.NOT_FOUND_404, "nothing at " + path + ": see /\n");
    };
  }

  private Answer example(@Nullable String given) {
    Integer t = seconds(given == null ? "1" : given);
    if (t == null) {
      return new Answer(
          HttpStatus.BAD_REQUEST_400,
          "t is '%s': give whole seconds from 0 to %d, as in /example/?t=5\n"
              .formatted(given, SlowIncrement.LONGEST_SECONDS));
    }
    try {
      return new Answer(HttpStatus.OK_200, "value=" + increment.apply(t) + "\n");
    } catch (RuntimeException e) {
      log.warn("no value for t={}", t, e);
      return new Answer(
          HttpStatus.SERVICE_UNAVAILABLE_503, "no value for t=" + t + ": " + e.getMessage() + "\n");
    }
  }

  private static @Nullable Integer seconds(String given) {
    try {
      int t = Integer.parseInt(given);
      return t >= 0 && t <= SlowIncrement.LONGEST_SECONDS ? t : null;
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private String health() {
    Membership now = membership.get();
    return "up: %s in %s\n".formatted(now.self().name(), names(now));
  }

  private String page(Request request) {
    Membership now = membership.get();
    String here = Request.getServerName(request) + ":" + Request.getServerPort(request);
    return """
        Memogrid demo: %s of %s, oldest first.

          curl '%s/example/?t=5'    5 + 1, computed in 5 s by one node, then at once on every node
          curl '%s/health'          who is in the cluster

        Ask for t=20 here and, while it runs, on the other port: both answer when the one run ends.
        Kill the node that computes, and the other computes.
        """
        .formatted(now.self().name(), names(now), here, here);
  }

  private static String names(Membership membership) {
    return membership.members().stream()
        .map(Member::name)
        .collect(Collectors.joining(", ", "[", "]"));
  }

  private record Answer(int status, String body) {}
}
