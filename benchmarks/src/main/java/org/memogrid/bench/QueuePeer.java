/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import com.hazelcast.collection.IQueue;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.activemq.artemis.api.core.ActiveMQException;
import org.apache.activemq.artemis.api.core.QueueConfiguration;
import org.apache.activemq.artemis.api.core.RoutingType;
import org.apache.activemq.artemis.api.core.client.ActiveMQClient;
import org.apache.activemq.artemis.api.core.client.ClientMessage;
import org.apache.activemq.artemis.api.core.client.ClientProducer;
import org.apache.activemq.artemis.api.core.client.ClientSession;
import org.apache.activemq.artemis.api.core.client.ServerLocator;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.server.ActiveMQServers;
import org.apache.activemq.artemis.core.server.JournalType;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Persist;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Partitions;
import org.memogrid.queue.Listen;
import org.memogrid.queue.MessageQueue;
import org.memogrid.queue.QueueBuilder;

/** One system's queues, in one process. */
interface QueuePeer {
  /** So many threads send, and so many take. */
  int THREADS = 4;

  int MEMOGRID_PORT = 7820;
  int TOPIC_PORT = 7830;
  int HAZELCAST_PORT = 7840;
  int ARTEMIS_PORT = 7859;

  /** How many processes are together, ready to work. */
  int members();

  /** What one thread sends with. */
  Sender sender(String queue) throws Exception;

  /** Takes each message and acknowledges it, on some threads. */
  void take(String queue, Consumer<byte[]> handler) throws Exception;

  /** Sends one; {@code done} runs when the system has it. */
  interface Sender {
    void send(byte[] body, Runnable done) throws Exception;
  }

  /**
   * That of one process.
   *
   * @param place where messages are on disk; null if they are not
   */
  static QueuePeer of(String system, int number, @Nullable Path place) throws Exception {
    return switch (system) {
      case "memogrid" -> new Memogrid(number, place);
      case "memogrid-topic" -> new TopicPeer(number, place);
      case "hazelcast" -> new OfHazelcast();
      case "artemis" -> number == 0 ? new Broker(place) : new Artemis(place != null, false);
      case "artemis-topic" -> number == 0 ? new Broker(place) : new Artemis(place != null, true);
      default -> throw new IllegalArgumentException(system);
    };
  }

  /** Two members hold each message: the publishing is done when the second has it. */
  final class Memogrid implements QueuePeer {
    private final Cluster cluster;
    private final Map<String, MessageQueue<byte[]>> queues = new ConcurrentHashMap<>();

    private final @Nullable Path place;

    Memogrid(int number, @Nullable Path place) {
      this.place = place;
      this.cluster = join("queue-bench", MEMOGRID_PORT, number, place);
    }

    static Cluster join(String name, int port, int number, @Nullable Path place) {
      return Cluster.builder()
          .name(name)
          .nodeName("n" + number)
          .bind("127.0.0.1")
          .port(port)
          .partitions(place == null ? Partitions.AVAILABLE : Partitions.CONSISTENT)
          .join();
    }

    static Persist files(Path place) {
      return Persist.file(place);
    }

    static void tell(CompletableFuture<?> in, Runnable done) {
      var unused =
          in.whenComplete(
              (there, failure) -> {
                if (failure != null) {
                  failure.printStackTrace();
                }
                done.run();
              });
    }

    MessageQueue<byte[]> queue(String name) {
      return queues.computeIfAbsent(name, this::open);
    }

    private MessageQueue<byte[]> open(String name) {
      QueueBuilder<byte[]> queue = MessageQueue.named(name, byte[].class);
      return (place == null ? queue : queue.persist(files(place))).open(cluster);
    }

    @Override
    public int members() {
      return cluster.membership().members().size();
    }

    @Override
    public Sender sender(String name) {
      MessageQueue<byte[]> queue = queue(name);
      return (body, done) -> tell(queue.publishAsync(body), done);
    }

    @Override
    public void take(String name, Consumer<byte[]> handler) {
      var unused =
          queue(name)
              .listen(
                  message -> handler.accept(message.body()),
                  Listen.concurrency(THREADS).adaptive(1_000));
    }
  }

  /**
   * With a queue's defaults: one backup, and an offer returns when it has it. Its queue has no
   * asynchronous offer, and none for many: see the manual, "Queue".
   */
  final class OfHazelcast implements QueuePeer {
    private final HazelcastInstance hazelcast;

    OfHazelcast() {
      hazelcast =
          Hazelcast.newHazelcastInstance(HazelcastMembers.config("queue-bench", HAZELCAST_PORT, 2));
    }

    @Override
    public int members() {
      return HazelcastMembers.together(hazelcast);
    }

    @Override
    public Sender sender(String name) {
      IQueue<byte[]> queue = hazelcast.getQueue(name);
      return (body, done) -> {
        if (!queue.offer(body)) {
          throw new IllegalStateException("the queue is full");
        }
        done.run();
      };
    }

    @Override
    public void take(String name, Consumer<byte[]> handler) {
      IQueue<byte[]> queue = hazelcast.getQueue(name);
      for (int i = 0; i < THREADS; i++) {
        Thread thread =
            new Thread(
                () -> {
                  try {
                    while (true) {
                      byte[] body = queue.poll(1, TimeUnit.SECONDS);
                      if (body != null) {
                        handler.accept(body);
                      }
                    }
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
        thread.setDaemon(true);
        thread.start();
      }
    }
  }

  /**
   * The broker, without a backup. On disk its journal is not synced, as our files are not, nor does
   * it confirm behind it.
   */
  final class Broker implements QueuePeer {
    Broker(@Nullable Path place) throws Exception {
      Path data = place == null ? Files.createTempDirectory("artemis") : place;
      ActiveMQServers.newActiveMQServer(
              new ConfigurationImpl()
                  .setPersistenceEnabled(place != null)
                  .setJournalType(JournalType.NIO)
                  .setJournalSyncTransactional(false)
                  .setJournalSyncNonTransactional(false)
                  .setJournalDirectory(data.resolve("journal").toString())
                  .setBindingsDirectory(data.resolve("bindings").toString())
                  .setLargeMessagesDirectory(data.resolve("large").toString())
                  .setSecurityEnabled(false)
                  .setJMXManagementEnabled(false)
                  .setPagingDirectory(data.resolve("paging").toString())
                  .addAcceptorConfiguration("tcp", "tcp://127.0.0.1:" + ARTEMIS_PORT),
              false)
          .start();
    }

    @Override
    public int members() {
      return 1;
    }

    @Override
    public Sender sender(String queue) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void take(String queue, Consumer<byte[]> handler) {
      throw new UnsupportedOperationException();
    }
  }

  /**
   * Asynchronous sends, durable if the broker has a disk, confirmed by the broker in the
   * background, and one acknowledgement for each message that nobody waits for: see the manual,
   * "Guarantees of sends and commits".
   */
  final class Artemis implements QueuePeer {
    private final ServerLocator locator;
    private final boolean durable;
    private final boolean topic;

    /**
     * @param topic whether what is sent goes to a subscription, which is a queue of another name
     */
    Artemis(boolean durable, boolean topic) throws Exception {
      this.durable = durable;
      this.topic = topic;
      locator = ActiveMQClient.createServerLocator("tcp://127.0.0.1:" + ARTEMIS_PORT);
      locator.setBlockOnNonDurableSend(false);
      locator.setBlockOnDurableSend(false);
      locator.setBlockOnAcknowledge(false);
      locator.setConfirmationWindowSize(1024 * 1024);
    }

    @Override
    public int members() {
      return 1;
    }

    private ClientSession session(String name) throws Exception {
      ClientSession session = locator.createSessionFactory().createSession(true, true, 0);
      try {
        session.createQueue(
            QueueConfiguration.of(queue(name))
                .setAddress(name)
                .setRoutingType(topic ? RoutingType.MULTICAST : RoutingType.ANYCAST)
                .setDurable(durable));
      } catch (ActiveMQException e) {
        // the other process made it
      }
      return session;
    }

    private String queue(String address) {
      return topic ? address + ".all" : address;
    }

    @Override
    public Sender sender(String name) throws Exception {
      ClientSession session = session(name);
      ClientProducer producer = session.createProducer(name);
      return (body, done) -> {
        ClientMessage message = session.createMessage(durable);
        message.getBodyBuffer().writeBytes(body);
        producer.send(message, confirmed -> done.run());
      };
    }

    @Override
    public void take(String name, Consumer<byte[]> handler) throws Exception {
      for (int i = 0; i < THREADS; i++) {
        ClientSession session = session(name);
        session
            .createConsumer(queue(name))
            .setMessageHandler(
                message -> {
                  byte[] body = new byte[message.getBodyBuffer().readableBytes()];
                  message.getBodyBuffer().readBytes(body);
                  handler.accept(body);
                  try {
                    message.acknowledge();
                  } catch (ActiveMQException e) {
                    throw new IllegalStateException(e);
                  }
                });
        session.start();
      }
    }
  }
}
