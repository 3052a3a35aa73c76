/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Who waits on this member for responses, by their correlation ids. Thread-safe. */
final class Requests {
  private final Map<String, CompletableFuture<Packet.Response>> open = new ConcurrentHashMap<>();

  CompletableFuture<Packet.Response> begin(String correlationId) {
    CompletableFuture<Packet.Response> request = new CompletableFuture<>();
    open.put(correlationId, request);
    var unused = request.whenComplete((response, failure) -> open.remove(correlationId));
    return request;
  }

  /** Does nothing if nobody waits for it any more. */
  void complete(Packet.Response response) {
    CompletableFuture<Packet.Response> request = open.remove(response.correlationId);
    if (request != null) {
      request.complete(response);
    }
  }

  void fail(Throwable failure) {
    open.values().forEach(request -> request.completeExceptionally(failure));
  }
}
