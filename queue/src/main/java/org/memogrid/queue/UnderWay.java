/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.wire.Wire;
import org.memogrid.internal.wire.WireException;
import org.memogrid.internal.wire.WireFormat;

/**
 * What is under way to the queues of durable subscriptions, on all members: who removes one waits
 * for it. Thread-safe.
 *
 * <p>Invariant: a publisher sees the list of subscriptions and is noted here in one step. So, of
 * whoever takes one off the list and asks afterwards, those that saw it there are found. Else: 1. a
 * publisher sees a subscription; 2. it is removed, and its queue emptied; 3. the message comes in,
 * and stays until there is a subscription of that name again.
 */
final class UnderWay {
  private static final String SERVICE = "topic-under-way";
  private static final Duration PATIENCE = Duration.ofMillis(500);

  private final Node node;
  private final Format format = new Format();
  private final Registration service;
  private final Map<String, Set<CompletableFuture<Void>>> underWay = new HashMap<>();

  /** A durable subscription and its queue. */
  record Target(String subscription, String queue) {}

  /** One message on its way to one of them. {@code done} is completed by its publisher. */
  record Sending(Target target, CompletableFuture<Void> done) {
    String queue() {
      return target.queue;
    }
  }

  /**
   * @param threads where others' questions are answered: what is noted here is guarded by a lock
   */
  UnderWay(Node node, Executor threads) {
    this.node = node;
    this.service =
        node.wire().serve(SERVICE, format, asked -> threads.execute(() -> answer(asked)));
  }

  void stop() {
    service.close();
  }

  /** Notes a message to each of the subscriptions that are there now. */
  synchronized List<Sending> begin(Supplier<List<Target>> targets) {
    List<Sending> begun = new ArrayList<>();
    for (Target target : targets.get()) {
      Sending sending = new Sending(target, new CompletableFuture<>());
      underWay.computeIfAbsent(target.queue, q -> new HashSet<>()).add(sending.done);
      var unused = sending.done.whenComplete((in, failure) -> ended(sending));
      begun.add(sending);
    }
    return begun;
  }

  @SuppressWarnings("CollectionUndefinedEquality") // each future is itself alone
  private synchronized void ended(Sending sending) {
    Set<CompletableFuture<Void>> others = underWay.get(sending.queue());
    if (others != null && others.remove(sending.done) && others.isEmpty()) {
      underWay.remove(sending.queue());
    }
  }

  private void answer(Wire.Incoming<String> asked) {
    var unused = end(asked.message()).whenComplete((all, failed) -> asked.reply(asked.message()));
  }

  private synchronized CompletableFuture<Void> end(String queue) {
    return CompletableFuture.allOf(
        underWay.getOrDefault(queue, Set.of()).toArray(CompletableFuture[]::new));
  }

  /**
   * Waits a moment for what is under way to the queue now, on all members.
   *
   * @return whether nothing is any more; a member that is lost meanwhile has nothing
   */
  boolean hasEnded(String queue) {
    List<CompletableFuture<String>> answers = new ArrayList<>();
    for (Member member : node.membership().members()) {
      answers.add(node.wire().request(member, SERVICE, format, queue, PATIENCE));
    }
    boolean ended = true;
    for (CompletableFuture<String> answer : answers) {
      ended &= hasEnded(answer, queue);
    }
    return ended;
  }

  private static boolean hasEnded(CompletableFuture<String> answer, String queue) {
    try {
      String unused = Waits.await(answer, queue);
      return true;
    } catch (WireException e) {
      return switch (e.reason()) {
        case MEMBER_LEFT, NO_SUCH_SERVICE -> true;
        case DEADLINE, HANDLER_FAILED -> false;
        case CLOSED ->
            throw new IllegalStateException(
                "the cluster was closed while queue '" + queue + "' was removed: join again", e);
      };
    }
  }

  /** A question and its answer: the name of the queue. */
  private static final class Format implements WireFormat<String> {
    @Override
    public void write(String queue, DataOutput out) throws IOException {
      out.writeUTF(queue);
    }

    @Override
    public String read(DataInput in) throws IOException {
      return in.readUTF();
    }
  }
}
