/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.memogrid.cluster.Cluster;
import org.memogrid.pipeline.Pipeline;
import org.memogrid.pipeline.Step;
import org.memogrid.queue.Listen;
import org.memogrid.queue.MessageQueue;

/**
 * A pipeline of three steps that cost nothing beside the queue that it stands on, on two members
 * that talk over the loopback: throughput in turns, latency at a rate that neither feels, and a
 * step that takes 10 ms, beside a pool of as many threads. Values of the first pipeline run on from
 * step to step, those of the second go through the queue of each. Both members are in this JVM.
 */
final class PipelineBench implements Bench.Suite {
  private static final int UNDER_WAY = 1_000;
  private static final int RATE = 200;
  private static final int SLOW_ON_EACH = 10;

  @Override
  public List<Row> run(boolean quick) {
    try (Cluster first = join("first");
        Cluster second = join("second")) {
      while (first.membership().members().size() < 2) {
        LockSupport.parkNanos(10_000_000);
      }
      return new Run(List.of(first, second), quick).rows();
    }
  }

  private static Cluster join(String node) {
    return Cluster.builder()
        .name("pipeline-bench-" + ProcessHandle.current().pid())
        .nodeName(node)
        .bind("127.0.0.1")
        .port(17_900)
        .join();
  }

  /** One value, taken in; the future ends when it is through. */
  private interface Way {
    CompletableFuture<?> send(int value);
  }

  private static final class Run {
    private final boolean quick;
    private final Way queue;
    private final Way pipeline;
    private final Way queued;
    private final Way slow;

    Run(List<Cluster> nodes, boolean quick) {
      this.quick = quick;
      this.queue = queue(nodes);
      this.pipeline = pipeline(nodes, "bench", Step.plain());
      this.queued = pipeline(nodes, "queued", Step.plain().queued());
      this.slow = slow(nodes);
    }

    private static Way queue(List<Cluster> nodes) {
      ConcurrentMap<Integer, CompletableFuture<Integer>> open = new ConcurrentHashMap<>();
      List<MessageQueue<Integer>> queues = new ArrayList<>();
      for (Cluster node : nodes) {
        MessageQueue<Integer> queue = MessageQueue.named("bench", Integer.class).open(node);
        var unused =
            queue.listen(
                message -> {
                  CompletableFuture<Integer> end = open.remove(message.body());
                  if (end != null) {
                    end.complete(1);
                  }
                },
                Listen.concurrency(1).adaptive(1_002));
        queues.add(queue);
      }
      return value -> {
        CompletableFuture<Integer> end = new CompletableFuture<>();
        open.put(value, end);
        var unused = queues.get(0).publishAsync(value);
        return end;
      };
    }

    private static Way pipeline(List<Cluster> nodes, String name, Step step) {
      List<Pipeline<Integer, Integer>> pipelines = new ArrayList<>();
      for (Cluster node : nodes) {
        pipelines.add(
            Pipeline.<Integer, Integer>named(name)
                .step("one", n -> n + 1)
                .step("two", n -> n + 1, step)
                .step("three", n -> n + 1, step)
                .start(node));
      }
      return value -> pipelines.get(0).submit(value);
    }

    private static Way slow(List<Cluster> nodes) {
      List<Pipeline<Integer, Integer>> pipelines = new ArrayList<>();
      for (Cluster node : nodes) {
        pipelines.add(
            Pipeline.<Integer, Integer>named("slow")
                .step("ten-millis", PipelineBench.Run::tenMillis)
                .concurrency(SLOW_ON_EACH)
                .start(node));
      }
      return value -> pipelines.get(0).submit(value);
    }

    private static Integer tenMillis(Integer value) {
      LockSupport.parkNanos(10_000_000);
      return value;
    }

    /** As many threads that do the same: how long this machine's 10 ms are. */
    private static Way pool(ExecutorService threads) {
      return value -> CompletableFuture.supplyAsync(() -> tenMillis(value), threads);
    }

    List<Row> rows() {
      int count = quick ? 5_000 : 40_000;
      int rounds = quick ? 2 : 7;
      for (int i = 0; i < 2; i++) { // warm
        var unused =
            perSecond(queue, count, UNDER_WAY)
                + perSecond(pipeline, count, 3 * UNDER_WAY)
                + perSecond(queued, count, 3 * UNDER_WAY);
      }
      double[] ofQueue = new double[rounds];
      double[] ofPipeline = new double[rounds];
      double[] ofQueued = new double[rounds];
      for (int i = 0; i < rounds; i++) {
        ofQueue[i] = perSecond(queue, 3 * count, UNDER_WAY);
        ofPipeline[i] = perSecond(pipeline, count, 3 * UNDER_WAY);
        ofQueued[i] = perSecond(queued, count, 3 * UNDER_WAY);
      }
      double base = median(ofQueue);
      List<Row> rows = new ArrayList<>();
      rows.add(new Row("throughput", "queue", "2 members", 1, base, "/s", 1, "queue"));
      rows.add(through("pipeline, 3 free steps", median(ofPipeline), base));
      rows.add(through("pipeline, 3 free steps, queued", median(ofQueued), base));
      int paced = quick ? 400 : 4_000;
      double queueTime = latency(queue, paced);
      double pipelineTime = latency(pipeline, paced);
      rows.add(new Row("p50 at 200/s", "queue", "2 members", 1, queueTime, "us", 1, "queue"));
      rows.add(
          new Row(
              "p50 at 200/s",
              "pipeline, 3 free steps",
              "2 members",
              1,
              pipelineTime,
              "us",
              pipelineTime / queueTime,
              "queue"));
      addSlow(rows);
      return rows;
    }

    private void addSlow(List<Row> rows) {
      int threads = SLOW_ON_EACH * 2;
      int rounds = quick ? 1 : 5;
      double[] ofPool = new double[rounds];
      double[] ofSlow = new double[rounds];
      ExecutorService executor = Executors.newFixedThreadPool(threads);
      try {
        Way pool = pool(executor);
        var unused = perSecond(pool, 2_000, 200) + perSecond(slow, 2_000, 200); // warm
        for (int i = 0; i < rounds; i++) {
          ofPool[i] = perSecond(pool, 6_000, 200);
          ofSlow[i] = perSecond(slow, 6_000, 200);
        }
      } finally {
        executor.shutdownNow();
      }
      rows.add(tenMillis("a pool of 20 threads", "", threads, median(ofPool)));
      rows.add(tenMillis("pipeline, concurrency 10", "2 members", threads, median(ofSlow)));
    }

    private static Row tenMillis(String system, String mode, int threads, double perSecond) {
      double ideal = threads * 100.0;
      return new Row(
          "a step of 10 ms", system, mode, threads, perSecond, "/s", perSecond / ideal, "ideal");
    }

    private static Row through(String system, double perSecond, double queue) {
      double ratio = perSecond / (queue / 3);
      return new Row("throughput", system, "2 members", 1, perSecond, "/s", ratio, "queue / 3");
    }

    private static double perSecond(Way way, int count, int underWay) {
      Semaphore room = new Semaphore(underWay);
      CountDownLatch ends = new CountDownLatch(count);
      long begun = System.nanoTime();
      for (int i = 0; i < count; i++) {
        room.acquireUninterruptibly();
        var unused =
            way.send(i)
                .whenComplete(
                    (value, failure) -> {
                      if (failure != null) {
                        failure.printStackTrace();
                      }
                      room.release();
                      ends.countDown();
                    });
      }
      await(ends);
      return count * 1e9 / (System.nanoTime() - begun);
    }

    private static double latency(Way way, int count) {
      double[] micros = new double[count];
      CountDownLatch ends = new CountDownLatch(count);
      long begun = System.nanoTime();
      for (int i = 0; i < count; i++) {
        long at = begun + i * (1_000_000_000L / RATE);
        while (System.nanoTime() - at < 0) {
          LockSupport.parkNanos(at - System.nanoTime());
        }
        int each = i;
        long sent = System.nanoTime();
        var unused =
            way.send(i)
                .whenComplete(
                    (value, failure) -> {
                      micros[each] = (System.nanoTime() - sent) / 1e3;
                      ends.countDown();
                    });
      }
      await(ends);
      return median(micros);
    }

    private static void await(CountDownLatch ends) {
      try {
        if (!ends.await(Duration.ofMinutes(5).toMillis(), TimeUnit.MILLISECONDS)) {
          throw new IllegalStateException(ends.getCount() + " values did not come through");
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    private static double median(double[] values) {
      Arrays.sort(values);
      return values[values.length / 2];
    }
  }
}
