/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.memogrid.cluster.Codec;
import org.memogrid.testkit.TestCluster;

/**
 * 1. Somebody submits, and is not refused, for the pipeline is open. 2. It closes, and lets all go
 * who wait. 3. Now that somebody begins to wait.
 */
class SubmitWhileClosingTest {
  private final CountDownLatch encoding = new CountDownLatch(1);
  private final CountDownLatch closing = new CountDownLatch(1);
  private final CountDownLatch gate = new CountDownLatch(1);

  /** Knows texts and bytes, and takes its time for one text. */
  private final Codec slow =
      new Codec() {
        @Override
        public byte[] encode(Object object) {
          if (object.equals("late")) {
            encoding.countDown();
            await(closing);
          }
          byte[] bytes = object instanceof byte[] own ? own : object.toString().getBytes(UTF_8);
          byte[] encoded = new byte[bytes.length + 1];
          encoded[0] = (byte) (object instanceof byte[] ? 1 : 0);
          System.arraycopy(bytes, 0, encoded, 1, bytes.length);
          return encoded;
        }

        @Override
        public Object decode(byte[] bytes) {
          byte[] rest = Arrays.copyOfRange(bytes, 1, bytes.length);
          return bytes[0] == 1 ? rest : new String(rest, UTF_8);
        }
      };

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void whoSubmitsWhileThePipelineClosesIsLetGo() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    try (TestCluster cluster = TestCluster.of(1, builder -> builder.codec(slow))) {
      Pipeline<String, String> p =
          Pipeline.<String, String>named("closing")
              .step(
                  "stuck",
                  text -> {
                    begun.countDown();
                    await(gate);
                    return text;
                  })
              .start(cluster.node(0));
      Submission<String> stuck = p.submit("stuck");
      await(begun);
      CompletableFuture<Throwable> late =
          CompletableFuture.supplyAsync(
              () -> catchThrowable(() -> p.submit("late").get(20, TimeUnit.SECONDS)));
      await(encoding);
      CompletableFuture<Void> closes = CompletableFuture.runAsync(p::close);
      assertThat(stuck.handle((v, failure) -> failure).get(60, TimeUnit.SECONDS)).isNotNull();
      closing.countDown();
      assertThat(late.get(60, TimeUnit.SECONDS))
          .isNotNull()
          .isNotInstanceOf(TimeoutException.class);
      gate.countDown();
      closes.get(60, TimeUnit.SECONDS);
    }
  }
}
