/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.demo;

import jakarta.servlet.http.HttpSession;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.memogrid.cache.Cache;
import org.memogrid.cache.Mode;
import org.memogrid.cluster.Cluster;
import org.memogrid.daemon.Daemon;
import org.memogrid.daemon.DaemonContext;
import org.memogrid.job.Job;
import org.memogrid.job.JobContext;
import org.memogrid.memo.Memo;
import org.memogrid.pipeline.Pipeline;
import org.memogrid.pipeline.Submit;
import org.memogrid.queue.Message;
import org.memogrid.queue.MessageQueue;
import org.memogrid.queue.Publish;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The application: all that the demo does with the library. The rest of the package is plumbing.
 */
final class DemoApp implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Logger log = LoggerFactory.getLogger(DemoApp.class);

  final Memo<Integer, Integer> sleepy;
  final Cache<String, Integer> counters;
  final MessageQueue<Integer> messages;
  final Daemon counter;
  final Job ajob;
  final Pipeline<String, String> reverse;
  final Sightings seen;
  private final Pace pace;

  DemoApp(Cluster cluster, Pace pace) {
    this.pace = pace;
    seen = new Sightings(cluster);
    sleepy =
        Memo.builder("sleepy", new SlowIncrement(cluster.self().name()))
            .mode(Mode.REPLICATED)
            .build(cluster);
    counters = cluster.cache("counters", Mode.DISTRIBUTED);
    messages =
        MessageQueue.named("/queue/msg", Integer.class)
            .dedupeWindow(pace.repetition())
            .open(cluster);
    var unused = messages.listen(this::receive);
    reverse =
        Pipeline.<String, String>named("reverse-a-string")
            .step("seq", (text, step) -> Letters.of(seen.step(step, text)))
            .step("reverse", (letters, step) -> Letters.reversed(seen.step(step, letters)))
            .step("apply-str", (letters, step) -> Letters.join(seen.step(step, letters)))
            .start(cluster);
    ajob = Job.named("ajob", this::fire).every(pace.job()).start(cluster);
    counter = Daemon.named("counter", this::count).start(cluster);
  }

  /** The daemon: on one node. If it dies before it has counted, the queue drops the repetition. */
  private void count(DaemonContext context) throws InterruptedException {
    while (context.sleep(pace.send())) {
      int i = get("messages");
      log.info("send {}", i);
      messages.publish(i, Publish.normal().dedupeId("counter-" + i));
      counters.putFenced("messages", i + 1, context.token());
    }
  }

  /** The listener: on each node, in turn. */
  private void receive(Message<Integer> message) {
    String numbers = "{messages=%d, jobs=%d}".formatted(get("messages"), get("jobs"));
    log.info("recv {}, {}", message.body(), numbers);
    seen.received(message.body());
  }

  /** The job: each instant on one node. */
  private void fire(JobContext context) {
    int i = get("jobs");
    log.info("job {}", i);
    counters.putFenced("jobs", i + 1, context.token());
  }

  /** {@code /} and what is under it. */
  String counters(String path) {
    log.info("web [{}]", path);
    return "messages=%d, jobs=%d\n".formatted(get("messages"), get("jobs"));
  }

  /** {@code /count}: a session that every node serves. */
  String count(HttpSession session) {
    int n = session.getAttribute("count") instanceof Integer before ? before + 1 : 1;
    session.setAttribute("count", n);
    log.info("count={}", n);
    return "You accessed this page %d times\n".formatted(n);
  }

  /** {@code /reverse}: {@code ham} becomes {@code mah}, by three steps, each on any node. */
  Reversed reverse(String text) throws Exception {
    var result = reverse.submit(text, Submit.plain().deadline(PATIENCE));
    String reversed = result.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    return new Reversed(reversed, seen.nodes(reverse.steps(), result.id()));
  }

  record Reversed(String text, Map<String, String> nodes) {}

  private int get(String name) {
    Integer value = counters.get(name);
    return value == null ? 1 : value;
  }

  /** First what makes work, last what the work uses. */
  @Override
  public void close() {
    counter.close();
    ajob.close();
    reverse.close();
    messages.close();
    counters.close();
    seen.close();
    sleepy.close();
  }
}
