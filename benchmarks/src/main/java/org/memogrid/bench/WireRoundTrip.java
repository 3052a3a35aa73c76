/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.bench;

import java.io.BufferedReader;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.memogrid.cluster.Cluster;
import org.memogrid.cluster.Member;
import org.memogrid.internal.node.Node;
import org.memogrid.internal.wire.Wire;
import org.memogrid.internal.wire.WireFormat;

/**
 * The round trip of a small request between two JVMs, one caller, beside a plain TCP ping-pong of
 * the same size between the same two, in turns. Run with the class path of this module; an
 * argument, the first port to use, may follow.
 */
public final class WireRoundTrip {
  private static final int BYTES = 64;
  private static final int TRIPS = 20_000;
  private static final int ROUNDS = 4;
  private static final Duration DEADLINE = Duration.ofSeconds(30);
  private static final String ECHO = "echo";
  private static final WireFormat<byte[]> FORMAT = new Bytes();

  private WireRoundTrip() {}

  public static void main(String[] args) throws Exception {
    int port = args.length == 0 ? 7900 : Integer.parseInt(args[args.length - 1]);
    if (args.length == 2) {
      answer(port);
    } else {
      ask(port);
    }
  }

  private static void ask(int port) throws Exception {
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                WireRoundTrip.class.getName(),
                "answer",
                Integer.toString(port))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    BufferedReader said =
        new BufferedReader(new InputStreamReader(other.getInputStream(), StandardCharsets.UTF_8));
    if (!"ready".equals(said.readLine())) {
      throw new IllegalStateException("the other process did not start on port " + port);
    }
    try (Cluster cluster = join(port, "asks");
        PingPong tcp = PingPong.with(port + 50, BYTES)) {
      byte[] message = new byte[BYTES];
      Wire wire = cluster.unwrap(Node.class).wire();
      Member to = cluster.membership().coordinator();
      for (int round = 1; round <= ROUNDS; round++) {
        measure("wire", () -> wire.request(to, ECHO, FORMAT, message, DEADLINE).get());
        measure("tcp", tcp::trip);
      }
    } finally {
      other.destroyForcibly();
    }
  }

  private static void answer(int port) throws Exception {
    try (Cluster cluster = join(port, "answers")) {
      var unused =
          cluster
              .unwrap(Node.class)
              .wire()
              .serve(ECHO, FORMAT, incoming -> incoming.reply(incoming.message()));
      PingPong.answer(port + 50, BYTES);
      System.out.println("ready");
      new CountDownLatch(1).await(); // until it is killed
    }
  }

  private static Cluster join(int port, String name) {
    return Cluster.builder().name("wire-round-trip").nodeName(name).port(port).join();
  }

  private static void measure(String what, Callable<byte[]> trip) throws Exception {
    long[] nanos = new long[TRIPS];
    for (int i = 0; i < TRIPS; i++) {
      long start = System.nanoTime();
      if (trip.call().length != BYTES) {
        throw new IllegalStateException("the answer is not what was sent");
      }
      nanos[i] = System.nanoTime() - start;
    }
    Arrays.sort(nanos);
    System.out.printf(
        "%-5s p50 %6.1f us  p90 %6.1f us  p99 %7.1f us%n",
        what, at(nanos, 50), at(nanos, 90), at(nanos, 99));
  }

  private static double at(long[] sorted, int percent) {
    return sorted[sorted.length * percent / 100] / 1e3;
  }

  /** A length and so many bytes. */
  private static final class Bytes implements WireFormat<byte[]> {
    @Override
    public void write(byte[] message, DataOutput out) throws IOException {
      out.writeInt(message.length);
      out.write(message);
    }

    @Override
    public byte[] read(DataInput in) throws IOException {
      byte[] message = new byte[in.readInt()];
      in.readFully(message);
      return message;
    }
  }
}
