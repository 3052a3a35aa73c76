/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.wire;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.memogrid.cluster.Member;
import org.memogrid.internal.wire.WireException.Reason;

/**
 * Requests that wait for an answer. One leaves the table when its future is complete, by whomever.
 */
final class Requests {
  private final ScheduledExecutorService timer;
  private final AtomicLong lastId = new AtomicLong();
  private final Map<Long, Pending<?>> pending = new ConcurrentHashMap<>();

  Requests(ScheduledExecutorService timer) {
    this.timer = timer;
  }

  <M> Pending<M> add(Member to, String service, WireFormat<M> format, Duration deadline) {
    long id = lastId.incrementAndGet();
    Pending<M> request =
        new Pending<>(id, to, service, format, deadline, new CompletableFuture<>());
    pending.put(id, request);
    Future<?> timeout;
    try {
      timeout =
          timer.schedule(
              () -> request.fail(Reason.DEADLINE, ""), deadline.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException closing) {
      pending.remove(id);
      request.fail(Reason.CLOSED, "");
      return request;
    }
    var unused =
        request
            .future()
            .whenComplete(
                (reply, error) -> {
                  pending.remove(id);
                  timeout.cancel(false);
                });
    return request;
  }

  int waiting() {
    return pending.size();
  }

  void complete(Frame reply) {
    Pending<?> request = pending.get(reply.requestId());
    if (request != null) {
      request.complete(reply);
    }
  }

  void fail(Frame failure) throws IOException {
    Pending<?> request = pending.get(failure.requestId());
    if (request != null) {
      Reason reason = Reason.valueOf(failure.body().readUTF());
      request.fail(reason, failure.body().readUTF());
    }
  }

  void failTo(Member gone) {
    failIf(request -> request.to().equals(gone), Reason.MEMBER_LEFT);
  }

  void failAll(Reason reason) {
    failIf(request -> true, reason);
  }

  private void failIf(Predicate<Pending<?>> which, Reason reason) {
    for (Pending<?> request : pending.values()) {
      if (which.test(request)) {
        request.fail(reason, "");
      }
    }
  }

  /** One request. */
  record Pending<M>(
      long id,
      Member to,
      String service,
      WireFormat<M> format,
      Duration deadline,
      CompletableFuture<M> future) {
    void complete(Frame reply) {
      try {
        future.complete(format.read(reply.body()));
      } catch (IOException | RuntimeException e) {
        future.completeExceptionally(
            new IllegalStateException(
                "the reply of " + to + " to service '" + service + "' can't be read: " + e, e));
      }
    }

    void fail(Reason reason, String detail) {
      future.completeExceptionally(new WireException(reason, text(reason, detail)));
    }

    private String text(Reason reason, String detail) {
      String what = "request to member " + to + ", service '" + service + "'";
      return switch (reason) {
        case MEMBER_LEFT -> what + ": the member left the cluster; ask another, or again";
        case NO_SUCH_SERVICE ->
            what
                + ": it has no such service; start every member with the same modules on its class"
                + " path";
        case DEADLINE ->
            what
                + ": no answer within "
                + deadline
                + "; the member is overloaded or can't be reached";
        case CLOSED -> what + ": this member has left the cluster; join again";
        case HANDLER_FAILED -> what + ": it failed there (" + detail + "); see the log of " + to;
      };
    }
  }
}
