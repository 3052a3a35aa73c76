/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;

/**
 * {@code /health}, for a balancer: 200 while this node wants requests, 503 before and after.
 * Answers from the first moment on, when there is no application yet; what was asked of that waits
 * for the client to ask again.
 */
final class Health extends Handler.Wrapper {
  /** In this order. */
  enum State {
    JOINING,
    UP,
    /** Serves what comes, and asks for no more. */
    DRAINING
  }

  private volatile State state = State.JOINING;
  private volatile Supplier<String> where = () -> "";

  Health() {
    super(true, null); // the application comes when the server runs
  }

  void up(Supplier<Membership> membership) {
    where = () -> where(membership.get());
    state = State.UP;
  }

  void drain() {
    state = State.DRAINING;
  }

  State state() {
    return state;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    State now = state;
    if (Request.getPathInContext(request).equals("/health")) {
      int status = now == State.UP ? HttpStatus.OK_200 : HttpStatus.SERVICE_UNAVAILABLE_503;
      String name = now.name().toLowerCase(Locale.ROOT);
      return text(response, callback, status, name + (now == State.UP ? where.get() : "") + "\n");
    }
    if (now == State.JOINING) {
      response.getHeaders().put(HttpHeader.RETRY_AFTER, 1);
      return text(
          response,
          callback,
          HttpStatus.SERVICE_UNAVAILABLE_503,
          "this node is joining the cluster: ask again in a moment\n");
    }
    return super.handle(request, response, callback);
  }

  static boolean text(Response response, Callback callback, int status, String body) {
    return write(response, callback, status, "text/plain; charset=utf-8", body);
  }

  static boolean write(Response response, Callback callback, int status, String type, String body) {
    response.setStatus(status);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
    response.write(true, ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8)), callback);
    return true;
  }

  private static String where(Membership now) {
    return ": %s in %s"
        .formatted(
            now.self().name(),
            now.members().stream().map(Member::name).collect(Collectors.joining(", ", "[", "]")));
  }
}
