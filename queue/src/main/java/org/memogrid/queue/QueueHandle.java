/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Registration;

/** A queue as its user sees it. */
final class QueueHandle<T> implements MessageQueue<T> {
  private final QueueNode queue;
  private final Class<T> type;
  private volatile Settings settings;
  private final Contents<T> contents;
  private final Map<Listening<T>, Boolean> listening = new ConcurrentHashMap<>();
  private final List<Registration> others = new CopyOnWriteArrayList<>();
  private final Set<CompletableFuture<Void>> publishing = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  QueueHandle(QueueNode queue, Class<T> type, Settings settings) {
    this.queue = queue;
    this.type = type;
    this.settings = settings;
    this.contents = new Contents<>(queue.codec(), type, this::checkOpen, this::ask);
    queue.handles().opened();
  }

  @Override
  public String name() {
    return queue.name();
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException(
          "queue '" + name() + "' is closed here: open it again with MessageQueue.named(...)");
    }
  }

  // ---- publishing

  @Override
  public void publish(T body) {
    publish(body, Publish.normal());
  }

  @Override
  @SuppressWarnings("CollectionUndefinedEquality") // each future is itself alone
  public void publish(T body, Publish options) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    publish(body, options, null, failure -> end(done, failure));
    publishing.add(done);
    try {
      if (closed) {
        endOfPublishing(done);
      }
      var unused = Waits.await(done, name());
    } finally {
      publishing.remove(done);
    }
  }

  private void endOfPublishing(CompletableFuture<Void> done) {
    done.completeExceptionally(
        new IllegalStateException(
            "queue '"
                + name()
                + "' was closed here while somebody waited to publish: the message may come in all"
                + " the same"));
  }

  @Override
  public CompletableFuture<Void> publishAsync(T body) {
    return publishAsync(body, Publish.normal());
  }

  @Override
  public CompletableFuture<Void> publishAsync(T body, Publish options) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    publish(body, options, null, failure -> queue.later(() -> end(done, failure)));
    return done;
  }

  private static void end(CompletableFuture<Void> done, @Nullable RuntimeException failure) {
    if (failure == null) {
      done.complete(null);
    } else {
      done.completeExceptionally(failure);
    }
  }

  private void publish(T body, Publish options, @Nullable String replyTo, QueueNode.Ticket ticket) {
    requireNonNull(body, "body");
    requireNonNull(options, "options");
    checkOpen();
    if (!type.isInstance(body)) {
      throw new IllegalArgumentException(
          "queue '"
              + name()
              + "' was opened for "
              + type.getName()
              + ", and this is a "
              + body.getClass().getName());
    }
    byte[] bytes = queue.codec().encode(body);
    checkSize(bytes.length);
    queue.publish(options.traits(queue.now(), replyTo), bytes, ticket);
  }

  /** Whoever said how large a message may be may have said so since this handle was opened. */
  private void checkSize(int bytes) {
    if (bytes > settings.largest()) {
      settings = ask(Packet.Opened.class, new Packet.Open(null)).settings();
    }
    if (bytes > settings.largest()) {
      throw new IllegalArgumentException(settings.tooLarge("queue '" + name() + "'", bytes));
    }
  }

  // ---- listening

  @Override
  public Registration listen(MessageHandler<T> handler) {
    return listen(handler, Listen.concurrency(1));
  }

  @Override
  public Registration listen(MessageHandler<T> handler, Listen options) {
    requireNonNull(handler, "handler");
    return listen(
        handler,
        message -> {
          handler.handle(message);
          return null;
        },
        options);
  }

  @Override
  public Registration listenAsync(
      Function<? super Message<T>, ? extends CompletionStage<?>> handler, Listen options) {
    requireNonNull(handler, "handler");
    return listen(
        handler,
        message -> requireNonNull(handler.apply(message), "the stage of a handler's end"),
        options);
  }

  private Registration listen(Object handler, Listening.Begin<T> begin, Listen options) {
    requireNonNull(options, "options");
    synchronized (listening) {
      checkOpen();
      queue.handles().claim(handler);
      try {
        Listening<T> begun = new Listening<>(queue, type, begin, options, over(handler));
        listening.put(begun, true);
        return begun;
      } catch (RuntimeException | Error e) {
        queue.handles().disclaim(handler);
        throw e;
      }
    }
  }

  private Consumer<Listening<T>> over(Object handler) {
    return ended -> {
      listening.remove(ended);
      queue.handles().disclaim(handler);
    };
  }

  @Override
  public @Nullable Message<T> receive(Duration timeout) {
    return receiveOf(timeout, null);
  }

  @Override
  public @Nullable Message<T> receive(Duration timeout, Selector selector) {
    return receiveOf(timeout, requireNonNull(selector, "selector"));
  }

  private @Nullable Message<T> receiveOf(Duration timeout, @Nullable Selector selector) {
    long millis =
        Options.notNegative("the timeout of a receive", requireNonNull(timeout, "timeout"));
    checkOpen();
    Receiving<T> receiving = new Receiving<>(queue, type, selector);
    others.add(receiving);
    try {
      checkOpen();
      return receiving.await(millis);
    } finally {
      others.remove(receiving);
      receiving.close();
    }
  }

  // ---- request and reply

  @Override
  public <R> CompletableFuture<R> request(T body, Class<R> replyType, Duration timeout) {
    requireNonNull(replyType, "replyType");
    long millis = Options.positive("the timeout of a request", requireNonNull(timeout, "timeout"));
    String correlation = UUID.randomUUID().toString();
    CompletableFuture<Packet.Response> response = queue.request(correlation);
    Publish options =
        Publish.normal().timeToLive(Duration.ofMillis(millis)).correlationId(correlation);
    try {
      publish(
          body,
          options,
          queue.self().id(),
          failure -> {
            if (failure != null) {
              queue.later(() -> response.completeExceptionally(failure));
            }
          });
    } catch (RuntimeException e) {
      response.completeExceptionally(e);
      throw e;
    }
    return response
        .orTimeout(millis, TimeUnit.MILLISECONDS)
        .thenApply(r -> this.<R>reply(r, replyType));
  }

  @SuppressWarnings("NullAway") // a reply may be null, as the responder's function returned it
  private <R> R reply(Packet.Response response, Class<R> replyType) {
    String error = response.error;
    if (error != null) {
      throw new QueueException("a request to queue '" + name() + "' failed: " + error);
    }
    byte[] body = response.body;
    if (body == null) {
      return null;
    }
    Object reply = queue.codec().decode(body);
    if (!replyType.isInstance(reply)) {
      throw new CompletionException(
          new QueueException(
              "the reply from queue '"
                  + name()
                  + "' is a "
                  + reply.getClass().getName()
                  + ", not a "
                  + replyType.getName()));
    }
    return replyType.cast(reply);
  }

  @Override
  public <R> Registration respond(Function<? super T, ? extends R> fn) {
    return respond(fn, Listen.concurrency(1));
  }

  @Override
  public <R> Registration respond(Function<? super T, ? extends R> fn, Listen options) {
    requireNonNull(fn, "fn");
    return listen(message -> respond(message, fn.apply(message.body())), options);
  }

  private void respond(Message<T> message, @Nullable Object reply) {
    Traits traits = ((Received<T>) message).letter().traits;
    String to = traits.replyTo();
    String correlation = traits.correlationId();
    if (to != null && correlation != null) {
      byte[] body = reply == null ? null : queue.codec().encode(reply);
      queue.respond(to, new Packet.Response(correlation, body, null));
    }
  }

  // ---- looking at it, and steering

  @Override
  public DeadLetters<T> deadLetters() {
    return contents;
  }

  @Override
  public long size() {
    QueueStats stats = stats();
    return stats.waiting() + stats.inFlight();
  }

  @Override
  public Stream<Message<T>> browse() {
    return contents.live();
  }

  @Override
  public long purge() {
    return ask(Packet.Done.class, new Packet.Purge(false, 0)).messages();
  }

  @Override
  public void pause() {
    Packet.Done unused = ask(Packet.Done.class, new Packet.SetPaused(true));
  }

  @Override
  public void resume() {
    Packet.Done unused = ask(Packet.Done.class, new Packet.SetPaused(false));
  }

  @Override
  public QueueStats stats() {
    Packet.Counted now = ask(Packet.Counted.class, new Packet.Count());
    return now.stats(queue.now());
  }

  @Override
  public Set<String> missing() {
    checkOpen();
    return queue.missing();
  }

  @Override
  public void goOnWithoutMissing() {
    checkOpen();
    queue.goOnWithoutMissing();
  }

  private <R extends Packet.Reply> R ask(Class<R> reply, Packet.Question question) {
    return reply.cast(ask(question));
  }

  private Packet.Reply ask(Packet.Question question) {
    checkOpen();
    return Waits.await(queue.ask(question), name());
  }

  @Override
  public Registration onLoss(Consumer<String> listener) {
    requireNonNull(listener, "listener");
    checkOpen();
    Registration registration = queue.onLoss(listener);
    others.add(registration);
    return registration;
  }

  @Override
  public void close() {
    synchronized (listening) {
      if (closed) {
        return;
      }
      closed = true;
    }
    queue.handles().closed();
    others.forEach(Registration::close); // first, or they would get what the listeners give back
    List.copyOf(listening.keySet()).forEach(Listening::close);
    publishing.forEach(this::endOfPublishing);
  }

  @Override
  public String toString() {
    return "MessageQueue[" + name() + (closed ? ", closed]" : "]");
  }
}
