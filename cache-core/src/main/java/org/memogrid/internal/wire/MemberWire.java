/* SPDX-License-Identifier: Apache-2.0 */
package org.memogrid.internal.wire;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.memogrid.cache.Registration;
import org.memogrid.cluster.Member;
import org.memogrid.cluster.Membership;
import org.memogrid.internal.wire.WireException.Reason;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The wire of one member, above whatever carries its frames. Whoever owns it feeds it frames, in
 * order per sender and one at a time per sender, and views.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>A frame for a service that is not served yet is held until it is, or until {@link #open},
 *       which says that all services of this member are there.
 *   <li>Every request is answered, by its reply, its deadline, the departure of its member or the
 *       end of this wire. A request enters the table before the departed are looked at, and a
 *       member joins the departed before the table is looked through: one of the two sees it.
 *   <li>Handlers run on the thread that feeds the frame; frames to self are fed by {@code loop}.
 * </ul>
 */
public final class MemberWire implements Wire, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MemberWire.class);

  private final Link link;
  private final Executor loop;
  private final Requests requests;
  private final Departed departed = new Departed();
  private final Map<String, Service> services = new ConcurrentHashMap<>();
  private final Map<String, List<Consumer<Member>>> onMissing = new ConcurrentHashMap<>();
  private volatile Membership membership;
  private volatile boolean open;
  private volatile boolean closed;

  /** Carries a frame to another member, in order. Does nothing for a member that is gone. */
  @FunctionalInterface
  public interface Link {
    void send(Member to, byte[] frame);
  }

  /**
   * A wire that holds what it receives until {@link #open}.
   *
   * @param loop runs frames to self, one at a time and in order
   * @param timer for deadlines
   */
  public MemberWire(Membership first, Link link, Executor loop, ScheduledExecutorService timer) {
    this.membership = first;
    this.link = link;
    this.loop = loop;
    this.requests = new Requests(timer);
  }

  @Override
  public <M> Registration serve(String service, WireFormat<M> format, Handler<M> handler) {
    Objects.requireNonNull(service, "service");
    Receiver<M> receiver = new Receiver<>(this, service, format, handler);
    Service served = service(service);
    served.serve(receiver);
    return () -> served.end(receiver);
  }

  @Override
  public Registration onMissing(String service, Consumer<Member> listener) {
    Objects.requireNonNull(service, "service");
    List<Consumer<Member>> all =
        onMissing.computeIfAbsent(service, name -> new CopyOnWriteArrayList<>());
    all.add(Objects.requireNonNull(listener, "listener"));
    return () -> all.remove(listener);
  }

  @Override
  public <M> void send(Member to, String service, WireFormat<M> format, M message) {
    Objects.requireNonNull(to, "to");
    dispatch(to, Frame.message(Frame.Kind.SEND, membership.id(), 0, service, format, message));
  }

  @Override
  public <M> CompletableFuture<M> request(
      Member to, String service, WireFormat<M> format, M message, Duration deadline) {
    Objects.requireNonNull(to, "to");
    Requests.Pending<M> pending = requests.add(to, service, format, deadline);
    if (closed) {
      requests.failAll(Reason.CLOSED);
    } else if (departed.contains(to)) {
      requests.failTo(to);
    } else {
      try {
        dispatch(
            to,
            Frame.message(
                Frame.Kind.REQUEST, membership.id(), pending.id(), service, format, message));
      } catch (RuntimeException e) {
        pending.future().completeExceptionally(e);
        throw e;
      }
    }
    return pending.future();
  }

  /** Takes what another member sent. Called for one frame of a sender at a time. */
  public void onFrame(Member from, byte[] bytes, int offset, int length) {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes, offset, length));
    try {
      Frame frame = Frame.read(from, in);
      switch (frame.kind()) {
        case SEND, REQUEST -> service(frame.service()).accept(frame);
        case REPLY -> requests.complete(frame);
        case FAILURE -> requests.fail(frame);
        case MISSING ->
            onMissing
                .getOrDefault(frame.service(), List.of())
                .forEach(listener -> listener.accept(from));
      }
    } catch (IOException | RuntimeException e) {
      LOG.error("member {} sent a frame that can't be read: is its version another?", from, e);
    }
  }

  /** Takes a new view. Requests to members that it lacks and the last one had fail at once. */
  public void onView(Membership now) {
    Membership before = membership;
    membership = now;
    for (Member gone : departed.change(before, now)) {
      requests.failTo(gone);
    }
  }

  /** Says that all services of this member are served: who asks for another gets an error. */
  public void open() {
    open = true;
    services.values().forEach(Service::open);
  }

  /** Fails all requests; later ones fail at once. */
  @Override
  public void close() {
    closed = true;
    requests.failAll(Reason.CLOSED);
  }

  /** How many requests wait for their answer. */
  int waiting() {
    return requests.waiting();
  }

  private Service service(String name) {
    return services.computeIfAbsent(name, n -> new Service(n, this::refuse, () -> open));
  }

  private void dispatch(Member to, byte[] frame) {
    if (closed) {
      return;
    }
    Member self = membership.self();
    if (to.equals(self)) {
      try {
        loop.execute(() -> onFrame(self, frame, 0, frame.length));
      } catch (RejectedExecutionException e) {
        LOG.debug("a message to self came after the end of this member", e);
      }
    } else if (!departed.contains(to)) {
      link.send(to, frame);
    }
  }

  private void refuse(Frame frame) {
    if (frame.kind() == Frame.Kind.REQUEST) {
      answer(frame, Frame.failure(membership.id(), frame.requestId(), Reason.NO_SUCH_SERVICE, ""));
    } else if (service(frame.service()).wasNeverServed()) {
      answer(frame, Frame.missing(membership.id(), frame.service()));
    } else {
      LOG.debug("dropped a message of {}: '{}' has ended here", frame.from(), frame.service());
    }
  }

  void answer(Frame request, byte[] reply) {
    dispatch(request.from(), reply);
  }

  long viewId() {
    return membership.id();
  }
}
