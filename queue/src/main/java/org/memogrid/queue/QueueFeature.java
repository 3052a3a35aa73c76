/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.queue;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Membership;
import org.memogrid.internal.node.Feature;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.wire.Wire;

/**
 * Queues on a member: it may be home or backup to queues that nobody here uses. Public only for
 * {@link java.util.ServiceLoader}; not for users.
 */
public final class QueueFeature implements Feature {
  static final String SERVICE = "queue";

  private final Map<String, QueueNode> queues = new ConcurrentHashMap<>();
  private @Nullable Node node;
  private @Nullable ExecutorService threads;
  private @Nullable Registration service;
  private @Nullable Registration membership;
  private @Nullable Topics topics;
  private volatile boolean stopped;

  /** For the service loader. */
  public QueueFeature() {}

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
    service = member.wire().serve(SERVICE, new PacketFormat(), this::onMessage);
  }

  private void install(Membership now) {
    queues.values().forEach(queue -> queue.install(now));
  }

  private void onMessage(Wire.Incoming<Addressed> incoming) {
    Addressed addressed = incoming.message();
    queue(addressed.queue()).received(incoming.from(), addressed.packet());
  }

  /** The queue of that name on this member, begun if it is new here. */
  QueueNode queue(String name) {
    QueueNode queue =
        queues.computeIfAbsent(name, n -> new QueueNode(n, started(node), started(threads)));
    queue.install(started(node).membership());
    if (stopped) {
      queue.stop();
    }
    return queue;
  }

  Topics topics() {
    return started(topics);
  }

  @Override
  public void stop() {
    stopped = true;
    queues.values().forEach(QueueNode::leave);
    queues.values().forEach(QueueNode::stop);
    close(service);
    close(membership);
    Topics heard = topics;
    if (heard != null) {
      heard.stop();
    }
    ExecutorService own = threads;
    if (own != null) {
      own.shutdown();
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
