/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.memogrid.internal.node.Feature;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.wire.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Queues on a member: it may be home or backup to queues that nobody here uses. Public only for
 * {@link java.util.ServiceLoader}; not for users.
 */
public final class QueueFeature implements Feature {
  static final String SERVICE = "queue";

  private static final Logger LOG = LoggerFactory.getLogger(QueueFeature.class);

  /** Longer than a queue takes by its own clock. */
  private static final Duration MOST_LEAVING = Duration.ofSeconds(10);

  private final Map<String, QueueNode> queues = new ConcurrentHashMap<>();
  private final Map<String, Undertaker> undertakers = new ConcurrentHashMap<>();
  private @Nullable Node node;
  private @Nullable ExecutorService threads;
  private @Nullable Registration service;
  private @Nullable Registration membership;
  private @Nullable Registration missing;
  private @Nullable Topics topics;
  private volatile boolean stopped;

  /** Hears what became of messages that nobody gets any more. Not for users. */
  public interface Undertaker {
    /**
     * A message is a dead letter, though it did not expire, or was removed before anybody had it.
     *
     * @param attempts how often it was tried
     * @param cause why nobody gets it any more
     * @param diedAt what the dead letter says, in milliseconds of the epoch; 0 if it was removed
     */
    void buried(String queue, Object body, int attempts, String cause, long diedAt);
  }

  /**
   * What the registration of a listener is, too: its threads, which do other work in turn with its
   * messages. Thread-safe. Not for users.
   */
  public interface Threads {
    /**
     * Has a task run as if it were a message that has come now: when those before it have begun, as
     * one of those that the listener handles at a time.
     *
     * @param most if all threads are busy and so many wait already, it is refused
     * @return false if it was refused, also because the listener has ended
     */
    boolean offer(Task task, int most);
  }

  /** What is run by the threads of a listener. Not for users. */
  public interface Task {
    void run();

    /** It is not run here any more: the listener has ended. */
    void leave();
  }

  /** For the service loader. */
  public QueueFeature() {}

  @Override
  public Layer layer() {
    return Layer.QUEUES;
  }

  @Override
  public void start(Node member) {
    node = member;
    AtomicInteger count = new AtomicInteger();
    String name = member.membership().self().name();
    threads =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread =
                  new Thread(task, "memogrid-" + name + "-queue-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    membership = member.onMembership((before, now) -> install(now));
    topics = new Topics(member, threads);
    missing = member.wire().onMissing(SERVICE, this::lacking);
    service = member.wire().serve(SERVICE, new PacketFormat(), this::onMessage);
  }

  private void install(Membership now) {
    queues.values().forEach(queue -> queue.install(now));
  }

  private void lacking(Member member) {
    queues.values().forEach(queue -> queue.lacking(member));
  }

  private void onMessage(Wire.Incoming<Addressed> incoming) {
    Addressed addressed = incoming.message();
    queue(addressed.queue()).received(incoming.from(), addressed.packet());
  }

  /** The queue of that name on this member, begun if it is new here. */
  QueueNode queue(String name) {
    QueueNode queue =
        queues.computeIfAbsent(
            name,
            n -> new QueueNode(n, started(node), started(threads), buried -> tellOfEnd(n, buried)));
    queue.install(started(node).membership());
    if (stopped) {
      queue.stop();
    }
    return queue;
  }

  /**
   * Has {@code undertaker} hear of the ends of messages, from the moment they are dead letters on
   * two members, in the queues that this member dispatches; of those of its predecessor again when
   * it begins to dispatch a queue.
   *
   * @param prefix of the queues' names
   */
  public Registration onBuried(String prefix, Undertaker undertaker) {
    undertakers.put(prefix, undertaker);
    return () -> undertakers.remove(prefix, undertaker);
  }

  private void tellOfEnd(String queue, Effect.Buried buried) {
    undertakers.forEach(
        (prefix, undertaker) -> {
          if (queue.startsWith(prefix)) {
            tell(undertaker, queue, buried);
          }
        });
  }

  private void tell(Undertaker undertaker, String queue, Effect.Buried buried) {
    try {
      Object body = started(node).codec().decode(buried.letter().body);
      undertaker.buried(queue, body, buried.attempts(), buried.cause(), buried.at());
    } catch (RuntimeException | Error e) {
      LOG.warn("nobody hears of the end of message {} of queue '{}'", buried.letter(), queue, e);
    }
  }

  Topics topics() {
    return started(topics);
  }

  @Override
  public void stop() {
    leave(); // others' messages still come, and what is here goes out with their help
    stopped = true; // a queue that is begun from here on is stopped by who begins it
    queues.values().forEach(QueueNode::stop);
    close(service);
    close(membership);
    close(missing);
    Topics heard = topics;
    if (heard != null) {
      heard.stop();
    }
    ExecutorService own = threads;
    if (own != null) {
      own.shutdown();
    }
  }

  /** All queues at a time: each may take a while. */
  private void leave() {
    CompletableFuture<?>[] quiet =
        queues.values().stream().map(QueueNode::leave).toArray(CompletableFuture[]::new);
    try {
      CompletableFuture.allOf(quiet).get(MOST_LEAVING.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException late) {
      LOG.warn("queues leave with messages under way: they come again elsewhere", late);
    }
  }

  private static void close(@Nullable Registration registration) {
    if (registration != null) {
      registration.close();
    }
  }

  private static <T> T started(@Nullable T what) {
    if (what == null) {
      throw new IllegalStateException("queues are used before the member has started them");
    }
    return what;
  }
}
