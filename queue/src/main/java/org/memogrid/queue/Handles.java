/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * The handles on a queue that are open on this member, together: the first brings the queue into
 * JMX, the last one takes it out, and what a handler may do once it may do through one of them.
 * Thread-safe.
 */
final class Handles {
  private final QueueNode queue;
  private final Set<Same> handlers = ConcurrentHashMap.newKeySet();
  private int open;
  private Runnable fromJmx = () -> {};

  Handles(QueueNode queue) {
    this.queue = queue;
  }

  synchronized void opened() {
    if (open++ == 0) {
      Map<String, Supplier<Object>> operations = new LinkedHashMap<>();
      operations.put("pause", () -> done(new Packet.SetPaused(true)));
      operations.put("resume", () -> done(new Packet.SetPaused(false)));
      operations.put("redrive", () -> done(new Packet.Redrive(0)));
      operations.put("goOnWithoutMissing", this::goOnWithoutMissing);
      fromJmx =
          QueueJmx.register(
              queue.self().name(), queue.name(), this::stats, queue::missing, operations);
    }
  }

  synchronized void closed() {
    if (open > 0 && --open == 0) {
      fromJmx.run();
    }
  }

  /** The member leaves. */
  synchronized void allClosed() {
    open = 0;
    fromJmx.run();
    fromJmx = () -> {};
  }

  /** Has a handler of the user's listen here once, through whatever handle. */
  void claim(Object handler) {
    if (!handlers.add(new Same(handler))) {
      throw new IllegalStateException(
          "handler "
              + handler
              + " listens to queue '"
              + queue.name()
              + "' already: close its registration first, or say Listen.concurrency(n) for"
              + " more at a time");
    }
  }

  void disclaim(Object handler) {
    handlers.remove(new Same(handler));
  }

  private QueueStats stats() {
    return ((Packet.Counted) ask(new Packet.Count())).stats(queue.now());
  }

  /** How many they were. */
  private long goOnWithoutMissing() {
    long missing = queue.missing().size();
    queue.goOnWithoutMissing();
    return missing;
  }

  private long done(Packet.Question question) {
    return ((Packet.Done) ask(question)).messages();
  }

  private Packet.Reply ask(Packet.Question question) {
    return Waits.await(queue.ask(question), queue.name());
  }
}
