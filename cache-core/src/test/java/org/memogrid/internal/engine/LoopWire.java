/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.engine;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.internal.wire.Wire;
import org.memogrid.internal.wire.WireFormat;

/** The wires of members in this JVM: each message as bytes, in its own turn, in no order. */
final class LoopWire {
  private final Executor threads;
  private final Map<String, Wire.Handler<Object>> handlers = new ConcurrentHashMap<>();
  private final Map<String, Boolean> silent = new ConcurrentHashMap<>();

  LoopWire(Executor threads) {
    this.threads = threads;
  }

  Wire of(Member self) {
    return new Own(self);
  }

  /** Nothing that it sends or is sent arrives any more. */
  void silence(Member member) {
    silent.put(member.id(), true);
  }

  private static <M> M copy(WireFormat<M> format, M message) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      format.write(message, new DataOutputStream(bytes));
      return format.read(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final class Own implements Wire {
    private final Member self;

    Own(Member self) {
      this.self = self;
    }

    @Override
    @SuppressWarnings("unchecked") // of the service's messages
    public <M> Registration serve(String service, WireFormat<M> format, Handler<M> handler) {
      handlers.put(self.id() + service, (Handler<Object>) (Handler<?>) handler);
      return () -> handlers.remove(self.id() + service);
    }

    @Override
    public Registration onMissing(String service, Consumer<Member> listener) {
      return () -> {};
    }

    @Override
    public <M> void send(Member to, String service, WireFormat<M> format, M message) {
      deliver(to, service, format, message, null);
    }

    @Override
    public <M> CompletableFuture<M> request(
        Member to, String service, WireFormat<M> format, M message, Duration deadline) {
      CompletableFuture<M> reply = new CompletableFuture<>();
      deliver(to, service, format, message, reply);
      return reply.orTimeout(deadline.toMillis(), TimeUnit.MILLISECONDS);
    }

    private <M> void deliver(
        Member to,
        String service,
        WireFormat<M> format,
        M message,
        @Nullable CompletableFuture<M> reply) {
      M sent = copy(format, message);
      threads.execute(
          () -> {
            Handler<Object> there = handlers.get(to.id() + service);
            if (there == null || isSilent(to)) {
              return;
            }
            there.onMessage(
                new Arrived<>(
                    self, sent, reply != null, answer -> reply(format, to, reply, answer)));
          });
    }

    private <M> void reply(
        WireFormat<M> format, Member from, @Nullable CompletableFuture<M> reply, M answer) {
      if (reply != null && !isSilent(from)) {
        reply.complete(copy(format, answer));
      }
    }

    private boolean isSilent(Member other) {
      return silent.containsKey(other.id()) || silent.containsKey(self.id());
    }
  }

  private record Arrived<M>(Member from, M sent, boolean wantsReply, Consumer<M> answers)
      implements Wire.Incoming<Object> {
    @Override
    public long viewId() {
      return 0;
    }

    @Override
    public Object message() {
      return sent;
    }

    @Override
    @SuppressWarnings("unchecked") // of the service's messages
    public void reply(Object message) {
      answers.accept((M) message);
    }
  }
}
