/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who sends, who takes, and a broker if there is one. */
final class QueuePair implements AutoCloseable {
  final Child producer;
  final Child consumer;
  private final List<Child> all = new ArrayList<>();
  private final List<String> place;
  private final boolean homes;

  /**
   * @param place where messages are on disk; null if they are not
   */
  QueuePair(String system, @Nullable Path place) throws IOException, InterruptedException {
    this.place = place == null ? List.of() : List.of(place.toString());
    this.homes = system.equals("memogrid");
    boolean brokered = system.startsWith("artemis");
    if (brokered) {
      Child broker = child(system, 0);
      long unused = broker.number("members", 1);
    }
    producer = child(system, 1);
    consumer = child(system, 2);
    for (Child child : List.of(producer, consumer)) {
      long unused = child.number("members", brokered ? 1 : 2);
    }
  }

  private Child child(String system, int number) throws IOException {
    List<String> words = new ArrayList<>(List.of(system, String.valueOf(number)));
    words.addAll(place);
    Child child = new Child(QueueWorker.class, words.toArray(new String[0]));
    all.add(child);
    return child;
  }

  double perSecond(String queue, int count, int size) throws InterruptedException {
    String unused = consumer.ask("take", queue);
    long begun = producer.number("send", queue, count, size);
    return count * 1e9 / (consumer.number("taken", count) - begun);
  }

  void pace(String queue, int count) throws InterruptedException {
    String unused = consumer.ask("take", queue);
    for (int warm = 1; warm >= 0; warm--) {
      unused = consumer.ask("forget");
      unused = producer.ask("pace", queue, count, 100, QueueBench.RATE);
      unused = consumer.ask("taken", count);
    }
  }

  /** Whether a queue has its home on one of the two processes. */
  boolean hasHomes() {
    return homes;
  }

  /** A queue whose home is the process that sends or the one that takes. */
  String withHome(String name, String which) throws InterruptedException {
    String queue = name;
    String sender = "n1";
    for (int i = 0;
        producer.ask("dispatcher", queue).equals(sender) != which.equals("sender");
        i++) {
      queue = name + "-" + i;
    }
    return queue;
  }

  double micros(int percent) throws InterruptedException {
    return consumer.number("delay", percent) / 1e3;
  }

  /** The same for who sent it, until the system said that it has it. */
  double confirmedMicros(int percent) throws InterruptedException {
    return producer.number("confirmed", percent) / 1e3;
  }

  @Override
  public void close() {
    all.forEach(Child::close);
  }
}
